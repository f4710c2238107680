import type { Identity } from '../process/privileges.ts';
import type { SpawnRequest } from '../process/spawn.ts';
import type { Origins } from '../settings/resolve.ts';
import type { Settings } from '../settings/table.ts';
import type { Language } from './app-language.ts';
import type { Link } from './links.ts';
import type { ScriptConfig } from './script-config.ts';

/** One reading of all sources of settings. */
export interface Loaded {
  settings: Settings;
  /** Of what does not have its default. */
  origins: Origins;
  language: Language;
  /** The interpreter of a Python app. */
  python: string | null;
  /** The host of the script config's hooks; null without a script config or without hooks. */
  script: ScriptConfig | null;
  /** What is to be said of the settings, though they are good. */
  warnings: readonly string[];
}

/** What the shell holds for all children that were started from one reading of the settings. */
export interface Generation extends Loaded {
  number: number;
  listeners: { descriptorsFor(slot: number): readonly { fd: number; address: string }[] };
  /** Of each gateway slot; none where workers accept by themselves. */
  links: readonly Link[];
  /** Our name and version: `tsgun/1.2.3`. */
  software: string;
  /** Null: as the arbiter itself. */
  identity: Identity | null;
  /** Puts before a command what drops privileges and ties the child's life to ours. */
  launch(command: {
    file: string;
    args: readonly string[];
  }): Pick<SpawnRequest, 'file' | 'args' | 'identity'>;
}
