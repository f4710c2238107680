import type { ControlClient } from '../client.ts';

export interface ShellOptions {
  client: ControlClient;
  instance: string;
  color: boolean;
  /** Without a terminal: goes on after a command that fails. */
  keepGoing?: boolean;
  /** Runs one command line's words, as the program does, and never throws. */
  run(words: readonly string[]): Promise<number>;
}
