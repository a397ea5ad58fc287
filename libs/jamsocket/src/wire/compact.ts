/**
 * Copies bytes that use less than half of their memory: a few bytes of a socket's chunk would otherwise keep all 64 KiB
 * of it in memory.
 */
export function compact(bytes: Buffer): Buffer {
  return bytes.length * 2 >= bytes.buffer.byteLength ? bytes : copyOf(bytes);
}

/** A copy that is not of Buffer's pool (64 KiB from Node 24 on): a few bytes would keep the whole pool in memory. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
