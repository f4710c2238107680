/** `maxRequests` → `max_requests`: files, RPC. */
export const toSnake = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `maxRequests` → `max-requests`: command line. */
export const toKebab = (name: string): string => toSnake(name).replaceAll('_', '-');

/** `max_requests` and `max-requests` → `maxRequests`. */
export const toCamel = (name: string): string =>
  name.replaceAll(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
