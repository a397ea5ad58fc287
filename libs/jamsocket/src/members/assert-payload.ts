/** @throws TypeError for what is no text: types are not there when the program runs. */
export function assertText(text: unknown): void {
  if (typeof text !== 'string')
    throw new TypeError(`sendMessage takes a string, not ${typeof text}: use emit for JSON or sendBinary for bytes.`);
}

/** @throws TypeError */
export function assertBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`sendBinary takes a Uint8Array or a Buffer, not ${typeof bytes}.`);
}
