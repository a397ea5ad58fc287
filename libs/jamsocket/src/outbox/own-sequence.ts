import { Frame } from '../wire/frame.js';

/** A mix of index pairs `from, to` into the outbox's broadcasts and frames for one connection only. */
export type Parts = (number | Frame)[];

/** Frames for one connection, besides the broadcasts to all: a sequence, or for the common single reply a frame or its text. */
export type OwnSequence = Parts | Frame | string;

export function partsOf(own: OwnSequence | null): Parts {
  if (typeof own === 'string') return [Frame.text(own)];
  if (own instanceof Frame) return [own];
  return own ?? [];
}

/** The sequence without its volatile frames, for a connection that is behind. */
export function withoutVolatile(own: OwnSequence, shared: readonly Frame[]): Parts {
  const parts = partsOf(own);
  const left: Parts = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (typeof part === 'number') {
      const to = parts[++at] as number;
      for (let index = part; index < to; index++) if (!shared[index].isVolatile) left.push(index, index + 1);
    } else if (!part.isVolatile) {
      left.push(part);
    }
  }
  return left;
}

/** @param sizeOf returns the bytes of a range of the broadcasts */
export function bytesOf(own: OwnSequence | null, sizeOf: (from: number, to: number) => number): number {
  const parts = partsOf(own);
  let bytes = 0;
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    bytes += typeof part === 'number' ? sizeOf(part, parts[++at] as number) : part.bytes;
  }
  return bytes;
}

/** Adjusts a sequence when the indices of the broadcasts have changed. */
export function shiftIndices(own: OwnSequence | null, by: number): void {
  if (!Array.isArray(own)) return;
  own.forEach((part, at) => {
    if (typeof part === 'number') own[at] = part + by;
  });
}
