/** Up to this length a string needs less memory: a Buffer takes 200 bytes more, and `v8.serialize` leaves 800 of its bytes unused. */
const STRING_BYTES = 4_096;

/** Bytes that are kept for each room, to be compared with later ones. */
export type KeptBytes = string | Buffer;

export function keptBytes(bytes: Buffer): KeptBytes {
  return bytes.length <= STRING_BYTES ? bytes.toString('latin1') : bytes;
}

export function isKept(kept: KeptBytes | null, bytes: Buffer): boolean {
  if (kept === null || kept.length !== bytes.length) return false;
  return typeof kept === 'string' ? kept === bytes.toString('latin1') : kept.equals(bytes);
}
