export type PlainObject = Readonly<Record<string, unknown>>;

/** Whether JSON keeps the object: one without a class. Objects of another realm, such as a vm context, count. */
export function isPlainObject(value: object): value is PlainObject {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}
