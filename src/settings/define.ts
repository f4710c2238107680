import type { Schema } from '../core/schema.ts';

/** What a reload does with a new value. */
export type OnReload =
  /** The arbiter itself follows it, once the new workers serve; `tsgunctl set` changes it at once. */
  | 'live'
  /** The next generation of workers is started with it. */
  | 'generation'
  /** Nothing: it belongs to the process and takes a restart. */
  | 'restart';

export interface Setting<T> {
  schema: Schema<NonNullable<T>>;
  /** Null where a setting can be left out. */
  default: T;
  onReload: OnReload;
  /** One line for `--help`. */
  summary: string;
  /** What more there is to say, for the manual. */
  description?: string;
  /** Its value is shown to nobody who only looks. */
  secret?: true;
  /** One letter. */
  short?: string;
  /** Other long flags, mostly Gunicorn's, without the dashes. */
  aliases?: readonly string[];
  /** A variable of the environment that stands for it, and how its text is to be read. */
  environment?: { variable: string; toText?: (text: string) => string };
  /** Where it makes no sense to give it. */
  notIn?: 'config file';
}

/** Keeps the type of the value, which the table's types are inferred from. */
export const setting = <T>(definition: Setting<T>): Setting<T> => definition;
