// @ts-check

/**
 * Characters that show nothing, look like a space, or turn the text around them. With one of them the id of one room
 * can look like that of another.
 */
const HIDDEN_IN_NAMES = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|^ | $|(?<= ) /gu;

/** In messages emoji are made with some of those, and lines are broken; what turns text around is neither. */
const HIDDEN_IN_TEXT = /[\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff]/gu;

/** What would read like an escape of ours. */
const LOOKS_ESCAPED = /\\(?=\\*u\{)/g;

/**
 * An id, a tag, or another name, in which everything can be seen: `a\u{202e}b`.
 *
 * @param {string} name
 */
export function visibleName(name) {
  return name.replace(LOOKS_ESCAPED, '\\\\').replace(HIDDEN_IN_NAMES, escaped);
}

/**
 * A message, without what would make it read in another order.
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
