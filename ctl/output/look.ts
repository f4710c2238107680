import type { Piece } from '../terminal/line.ts';

/** A line of output; its text is cleaned and cut when it is printed, and not before. */
export type Line = readonly Piece[];

/** What a renderer has to know about where its lines go. */
export interface Look {
  /** Columns of the terminal; null when nothing has to fit. */
  width: number | null;
  header: boolean;
  /** Only these columns of a table. */
  fields: readonly string[] | null;
  verbose: boolean;
  /** Milliseconds since the epoch, for ages. */
  now: number;
  /** How to call this program for the same instance: `tsgunctl -i web`. */
  command: string;
}

/** How a result is shown to people. */
export interface Renderer<T> {
  lines(data: T, look: Look): Line[];
  /** What is a list: one object per line with `-o jsonl`, columns with `--fields`. */
  rows?(data: T): readonly unknown[];
  /** Lines that do not fit the terminal are cut; else they go on below, and nothing is lost. */
  cut?: true;
}

/** A result together with what can show it. */
export interface View {
  lines(look: Look): Line[];
  rows: (() => readonly unknown[]) | null;
  cut?: boolean;
}
