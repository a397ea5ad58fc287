/**
 * A copy of the bytes of a buffer, or of the part of it that a view shows.
 * @throws TypeError if it is neither
 */
export function copyBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  try {
    // DataView takes buffers only, also those of another frame, which are no `instanceof ArrayBuffer`.
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data) ? data : new DataView(data);
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  } catch {
    throw new TypeError('send() takes a string, an ArrayBuffer or a view: of a Blob, its arrayBuffer()');
  }
}
