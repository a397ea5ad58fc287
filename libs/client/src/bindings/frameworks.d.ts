// What the bindings use of Vue and Svelte. A room of Nest needs neither, so they are no dependencies of this repository:
// test/compat/bindings compiles the packed bindings against the real types.

declare module 'vue' {
  export interface ShallowRef<T = any> {
    value: T;
  }
  export interface ComputedRef<T = any> {
    readonly value: T;
  }
  export type MaybeRefOrGetter<T = any> = T | ShallowRef<T> | ComputedRef<T> | (() => T);
  export function computed<T>(get: () => T): ComputedRef<T>;
  export function getCurrentInstance(): object | null;
  export function markRaw<T extends object>(value: T): T;
  export function onMounted(callback: () => void): void;
  export function shallowRef<T>(): ShallowRef<T | undefined>;
  export function shallowRef<T>(value: T): ShallowRef<T>;
  export function toValue<T>(source: MaybeRefOrGetter<T>): T;
  export function watch<T>(
    source: () => T,
    callback: (value: T, before: T | undefined, onCleanup: (cleanup: () => void) => void) => void,
    options: { readonly immediate: true },
  ): void;
}

declare module 'svelte' {
  export function onMount(callback: () => (() => void) | void): void;
}

declare module 'svelte/reactivity' {
  export function createSubscriber(start: (update: () => void) => () => void): () => void;
}
