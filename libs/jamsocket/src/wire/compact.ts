/**
 * The same bytes, in memory of their own if they are the smaller part of what they lie in: whoever keeps a few bytes
 * of what a socket read would keep all 64 KiB of it.
 */
export function compact(bytes: Buffer): Buffer {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes;
  // Not from Buffer's pool, which would be pinned in its place.
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
