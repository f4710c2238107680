import type { Globals } from '../command-line/globals.ts';
import type { RawLine } from '../command-line/raw-line.ts';
import type { View } from '../output/look.ts';

/** One command line on its way; what becomes known of it is kept here for the report. */
export interface Run {
  /** Empty until it is known. */
  verb: string;
  /** Seconds of this process's life; `performance` would have to be loaded first. */
  readonly startedAt: number;
  instance: string | null;
  /** Of the operation that was begun or joined. */
  op: number | null;
  /** What this operation does. */
  method: string | null;
  /** How to call this program for the same instance: `tsgunctl -i web`. */
  command: string;
  /** Does what another command line says, with these defaults; its exit code. */
  obey(words: readonly string[], defaults: Globals): Promise<number>;
}

/** A command line that is understood. */
export interface Invocation {
  line: RawLine;
  globals: Globals;
}

/** How a verb ended that has a result. */
export interface Outcome {
  data: unknown;
  /** 0, or what the result means. */
  exit: number;
  /** Null for what has no form of its own. */
  view: View | null;
  /** For standard error. */
  complaints?: readonly string[];
}

/** A verb that prints by itself returns its exit code. */
export type VerbFunction = (run: Run, invocation: Invocation) => Promise<Outcome | number>;
