import {
  type ControlPlace,
  parseUpgradeWord,
  type UpgradeWord,
  upgradeVariable,
} from './upgrade.ts';

/** The new program's side of a binary upgrade: the one it was started by and is to succeed. */
export interface Predecessor {
  ready(): void;
  failed(reason: string): void;
  /** Calls back once when everything is ours: it said so, and where it was controlled, or it died. */
  onTakeOver(callback: (control: ControlPlace | null) => void): void;
}

/**
 * Finds out whether an old program started this one, and clears its mark from the environment.
 * Only a living parent with a channel counts, so that a stray variable means nothing.
 */
export function findPredecessor(env: NodeJS.ProcessEnv): Predecessor | null {
  const from = env[upgradeVariable];
  delete env[upgradeVariable];
  if (from === undefined || Number(from) !== process.ppid || !process.connected) return null;
  // The descriptors were made for us, but nobody could know our pid before.
  env['LISTEN_PID'] = String(process.pid);
  return {
    ready: () => tell({ upgrade: 'ready' }),
    failed: (reason) => tell({ upgrade: 'failed', reason }),
    onTakeOver,
  };
}

function tell(word: UpgradeWord): void {
  if (process.connected) process.send?.(word, undefined, undefined, () => undefined);
}

function onTakeOver(callback: (control: ControlPlace | null) => void): void {
  const once = (control: ControlPlace | null) => {
    process.removeListener('message', hear);
    process.removeListener('disconnect', lose);
    if (process.connected) process.disconnect?.();
    callback(control);
  };
  const hear = (message: unknown) => {
    const word = parseUpgradeWord(message);
    if (word?.upgrade === 'take-over') once(word.control ?? null);
  };
  const lose = () => once(null);
  process.on('message', hear);
  process.once('disconnect', lose);
}
