// @ts-check

/**
 * Characters that are invisible, look like a space, or reverse the text around them. With them, two different ids can
 * look the same.
 */
const HIDDEN_IN_NAMES = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|^ | $|(?<= ) /gu;

/** Messages may contain line breaks and the invisible characters of emoji, but nothing that reverses text or hides in it. */
const HIDDEN_IN_TEXT = /[\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff]/gu;

/** Text that would look like one of our escapes. */
const LOOKS_ESCAPED = /\\(?=\\*u\{)/g;

/**
 * An id, a tag or another name, with its hidden characters escaped: `a\u{202e}b`.
 *
 * @param {string} name
 */
export function visibleName(name) {
  return name.replace(LOOKS_ESCAPED, '\\\\').replace(HIDDEN_IN_NAMES, escaped);
}

/**
 * A message, with the characters escaped that would reverse text or hide in it.
 *
 * @param {string} text
 */
export function visibleText(text) {
  return text.replace(HIDDEN_IN_TEXT, escaped);
}

/** @param {string} character */
function escaped(character) {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
