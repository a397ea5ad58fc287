/**
 * @param owner whose options they are, for the text
 * @returns the text of an error if `given` is no object, or has an option that is not among `known`
 */
export function optionMistake(owner: string, given: unknown, known: readonly string[]): string | undefined {
  if (typeof given !== 'object' || given === null) return `${owner} needs an object with ${known.join(', ')}.`;
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  return unknown === undefined ? undefined : `${owner} has no option "${unknown}": it has ${known.join(', ')}.`;
}

/** @throws TypeError if `given` is no object, or has an option that is not among `known` */
export function assertOptionNames(owner: string, given: unknown, known: readonly string[]): void {
  const mistake = optionMistake(owner, given, known);
  if (mistake !== undefined) throw new TypeError(mistake);
}
