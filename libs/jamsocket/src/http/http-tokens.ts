/** The module's options, checked and with defaults. */
export const RESOLVED_OPTIONS = Symbol('JAMSOCKET_RESOLVED_OPTIONS');
