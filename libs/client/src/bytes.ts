/**
 * Copies the bytes of a buffer or a view.
 * @throws TypeError for any other value
 */
export function copyBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  try {
    // DataView accepts only buffers, including those of another browser frame, for which `instanceof ArrayBuffer` is false.
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data) ? data : new DataView(data);
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  } catch {
    throw new TypeError('send() takes a string, an ArrayBuffer or a view; for a Blob, pass its arrayBuffer()');
  }
}
