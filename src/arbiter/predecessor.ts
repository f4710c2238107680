import type { Clock } from '../core/clock.ts';
import { TsgunError } from '../core/errors.ts';
import { isAlive } from '../process/is-alive.ts';
import {
  type ControlPlace,
  parseUpgradeWord,
  type Switches,
  switchesVariable,
  type UpgradeWord,
  upgradeVariable,
} from './upgrade.ts';

/** The new program's side of a binary upgrade: the one it was started by and is to succeed. */
export interface Predecessor {
  /** As they were when it started us. */
  switches: Switches;
  ready(): void;
  failed(reason: string): void;
  /**
   * Calls back once when everything is ours: it said so, and where it was controlled, or it died.
   * The returned function is for one that ends before, of itself or because it was told to.
   */
  onTakeOver(callback: TakeOver): () => void;
  /** Settles when it has ended, or after `mostMs`. */
  waitForEnd(clock: Clock, mostMs: number): Promise<void>;
}

/** The switches are null when nobody could tell them any more. */
type TakeOver = (control: ControlPlace | null, switches: Switches | null) => void;

/**
 * Finds out whether an old program started this one, and clears its mark from the environment.
 * Only one with a channel counts, so that a stray variable means nothing. Throws when it has died:
 * what it has passed on would be held by somebody who does not know of it.
 */
export function findPredecessor(env: NodeJS.ProcessEnv): Predecessor | null {
  const from = env[upgradeVariable];
  const switches = env[switchesVariable];
  delete env[upgradeVariable];
  delete env[switchesVariable];
  if (from === undefined || process.send === undefined) return null;
  if (!process.connected || !isAlive(Number(from))) {
    throw new TsgunError('TSGUN_E_SYSTEM', `Cannot succeed pid ${from}: it has ended`);
  }
  tell({ upgrade: 'started', pid: process.pid });
  // The descriptors were made for us, but nobody could know our pid before.
  env['LISTEN_PID'] = String(process.pid);
  return {
    switches: parseSwitches(switches),
    ready: () => tell({ upgrade: 'ready' }),
    failed: (reason) => tell({ upgrade: 'failed', reason }),
    onTakeOver,
    waitForEnd: (clock, mostMs) => waitForEnd(Number(from), clock, mostMs),
  };
}

const lookMs = 20;

async function waitForEnd(pid: number, clock: Clock, mostMs: number): Promise<void> {
  const end = clock.now() + mostMs;
  while (isAlive(pid) && clock.now() < end)
    await new Promise<void>((resolve) => void clock.after(lookMs, resolve));
}

/** A program that knew of none had none thrown. */
function parseSwitches(text = '{}'): Switches {
  const { paused, held }: Partial<Switches> = JSON.parse(text);
  return { paused: paused === true, held: held === true };
}

function tell(word: UpgradeWord): void {
  if (process.connected) process.send?.(word, undefined, undefined, () => undefined);
}

function onTakeOver(callback: TakeOver): () => void {
  const cancel = () => {
    process.removeListener('message', hear);
    process.removeListener('disconnect', lose);
  };
  const once: TakeOver = (control, switches) => {
    cancel();
    if (process.connected) process.disconnect?.();
    callback(control, switches);
  };
  const hear = (message: unknown) => {
    const word = parseUpgradeWord(message);
    if (word?.upgrade === 'take-over') once(word.control ?? null, word.switches ?? null);
  };
  const lose = () => once(null, null);
  process.on('message', hear);
  process.once('disconnect', lose);
  if (!process.connected) setImmediate(lose); // it has died before we could listen
  return cancel;
}
