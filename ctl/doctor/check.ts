/** `unknown` is what this caller, from where it stands, cannot find out. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Check {
  name: string;
  verdict: Verdict;
  message: string;
  /** What helps. */
  hint: string | null;
}

export const good = (name: string, message: string): Check => ({
  name,
  verdict: 'ok',
  message,
  hint: null,
});

export const warn = (name: string, message: string, hint: string | null = null): Check => ({
  name,
  verdict: 'warn',
  message,
  hint,
});

export const fail = (name: string, message: string, hint: string | null = null): Check => ({
  name,
  verdict: 'fail',
  message,
  hint,
});

export const unknown = (name: string, message: string): Check => ({
  name,
  verdict: 'unknown',
  message,
  hint: null,
});

/** Thrown by a check that cannot say anything, with the reason. */
export class Unclear extends Error {
  override readonly name = 'Unclear';
}

/** What was found wrong, or else that all is well. */
export const allOr = (found: readonly Check[], well: Check): readonly Check[] =>
  found.length === 0 ? [well] : found;
