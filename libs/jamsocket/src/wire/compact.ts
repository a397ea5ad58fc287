/**
 * Copies bytes that use less than half of their memory: a few bytes of a socket's chunk would otherwise keep all 64 KiB
 * of it in memory.
 */
export function compact(bytes: Buffer): Buffer {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes;
  // Not from Buffer's pool: the copy would keep the whole pool in memory instead.
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
