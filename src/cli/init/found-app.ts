import type { Language } from '../../arbiter/app-language.ts';

/** An app that a look at its files has found, and what a configuration needs to say of it. */
export interface FoundApp {
  language: Language;
  /** With its article: `a Flask app`. */
  kind: string;
  /** What Python serves it with; null where that does not matter or is not known. */
  style: 'wsgi' | 'asgi' | null;
  /** Absolute. */
  chdir: string;
  /** As seen from `chdir`. */
  app: string;
  pythonpath: readonly string[];
  /** What shows it: an absolute path, and a line of that file if there is one to show. */
  file: string;
  line: string | null;
  /** How far from the usual place it is; the least one is meant. */
  rank: number;
  /** Whether its text says that it serves, and not only its name. */
  certain: boolean;
}

/** What was found, and what was nearly an app. */
export interface Survey {
  apps: FoundApp[];
  /** Sentences for the one who is told that there is nothing. */
  remarks: string[];
}

/** Names and lines of others, for a terminal or a comment: what either would obey is taken out. */
export const harmless = (text: string): string => text.replaceAll(/[^\P{C}\n]/gu, '?');

/** A line of source, short enough to be shown within one of ours. */
export function excerpt(line: string): string {
  const text = harmless(line.trim().replaceAll(/\s+/g, ' '));
  const cut = text.length > 60;
  return cut || /[([{]$/.test(text) ? `${cut ? text.slice(0, 57) : text}...` : text;
}
