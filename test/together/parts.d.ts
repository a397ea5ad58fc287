/** Paths from the root of the repository. */
export const parts: string[];
export const alone: string[];
export function load(file: string): Promise<void>;
