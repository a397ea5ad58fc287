import { DefaultDeserializer } from 'node:v8';

// Node's types leave it out.
const plain = DefaultDeserializer.prototype as unknown as {
  readonly _readHostObject: (this: DefaultDeserializer) => ArrayBufferView;
};

/** Node's deserializer makes views that share one large buffer, so `new DataView(state.bytes.buffer)` would read foreign bytes. */
class OwnBytesDeserializer extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    return withOwnBuffer(plain._readHostObject.call(this));
  }
}

/** As `v8.deserialize`, but each array of bytes in the value has its own buffer. */
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
