import { DefaultDeserializer } from 'node:v8';

/** Views of bytes as Node's deserializer makes them share one large buffer: `new DataView(state.bytes.buffer)` would read others. */
class OwnBytesDeserializer extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const read = (DefaultDeserializer.prototype as unknown as OwnBytesDeserializer)._readHostObject;
    return withOwnBuffer(read.call(this));
  }
}

/** What `v8.serialize` made bytes of. Arrays of bytes in it have buffers of their own, as they had when they were saved. */
export function deserializeOwned(bytes: Uint8Array): unknown {
  const deserializer = new OwnBytesDeserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue() as unknown;
}

function withOwnBuffer(view: ArrayBufferView): ArrayBufferView {
  const own = new Uint8Array(view.byteLength);
  own.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  if (Buffer.isBuffer(view)) return Buffer.from(own.buffer);
  const { constructor } = view as { constructor: new (buffer: ArrayBuffer) => ArrayBufferView } & ArrayBufferView;
  return new constructor(own.buffer);
}
