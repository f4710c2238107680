import type { ErrorCode } from '../../src/core/errors.ts';

/** What is known of a call that failed. */
interface Failed {
  code: ErrorCode;
  /** Of the operation, where one was begun or joined. */
  op: number | null;
  method: string | null;
  /** How to call this program for the same instance. */
  command: string;
  detail: Readonly<Record<string, unknown>>;
}

/** What the user can do now; null when the message says it all. */
export function hintFor(failed: Failed): string | null {
  const { code, op, command, detail } = failed;
  switch (code) {
    case 'TSGUN_E_TIMEOUT':
      return op === null ? null : hintToFollow(failed);
    case 'TSGUN_E_LOST':
      return op === null
        ? null
        : `it may go on without you: "${command} wait op:${op}" or "${command} status" tells`;
    case 'TSGUN_E_NOT_RUNNING':
      return '"tsgunctl list" shows all instances';
    case 'TSGUN_E_CONFLICT':
      return `"${command} status" shows the state of the instance`;
    default: {
      const [first] = failedWorkers(detail);
      return first === undefined ? null : `"${command} why ${first.slot}" tells more`;
    }
  }
}

/** Only a reload and an upgrade can be given up. */
export function hintToFollow({ op, method, command }: Omit<Failed, 'code' | 'detail'>): string {
  const follow = `follow with "${command} wait op:${op}"`;
  const known = method === 'reload' || method === 'upgrade';
  return known ? `${follow}, give up with "${command} abort"` : follow;
}

/** Of an operation's failure, as far as it says so. */
export function failedWorkers({ workers }: Failed['detail']): { slot: number; detail: string }[] {
  if (!Array.isArray(workers)) return [];
  return workers.flatMap((worker: unknown) => {
    if (typeof worker !== 'object' || worker === null) return [];
    const { slot, outcome, detail }: Partial<Record<string, unknown>> = { ...worker };
    return outcome === 'failed' && typeof slot === 'number'
      ? [{ slot, detail: typeof detail === 'string' ? detail : '' }]
      : [];
  });
}
