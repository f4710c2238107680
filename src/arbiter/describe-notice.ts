import { assertNever } from '../core/errors.ts';
import type { Notice } from './event.ts';

/** What happened, in a sentence for people who follow the events. */
export function describeNotice(notice: Notice): string {
  switch (notice.notice) {
    case 'serving':
      return 'The first workers serve';
    case 'reload-started':
      return `Reload to generation ${notice.generation} has begun`;
    case 'reload-switched':
      return notice.confirmMs === null
        ? `Generation ${notice.generation} serves, the old workers leave`
        : `Generation ${notice.generation} serves and waits ${notice.confirmMs / 1000} s to be confirmed`;
    case 'reload-done':
      return `Reload done: generation ${notice.generation} serves`;
    case 'reload-failed':
      return `Reload failed, generation ${notice.kept} serves on: ${notice.reason}`;
    case 'rolled-back':
      return `Rolled back, generation ${notice.kept} serves again: ${notice.reason}`;
    case 'upgrade-failed':
      return `Upgrade failed, this program serves on: ${notice.reason}`;
    case 'scaled':
      return `Number of workers: ${notice.from} -> ${notice.to}`;
    case 'held':
      return 'Failed workers are not started again until resume';
    case 'resumed':
      return 'Failed workers are started again';
    case 'paused':
      return 'Nothing is accepted until unpause';
    case 'unpaused':
      return 'Connections are accepted again';
    case 'worker-ready':
      return `Worker ${notice.slot} (pid ${notice.pid}, generation ${notice.generation}) serves`;
    case 'worker-parked':
      return `Worker ${notice.slot} (pid ${notice.pid}) is out of rotation`;
    case 'worker-unparked':
      return `Worker ${notice.slot} (pid ${notice.pid}) is back in rotation`;
    case 'gateway-ready':
      return `Gateway ${notice.slot} (pid ${notice.pid}, generation ${notice.generation}) serves`;
    case 'gateway-parked':
      return `Gateway ${notice.slot} (pid ${notice.pid}) is out of rotation`;
    case 'gateway-unparked':
      return `Gateway ${notice.slot} (pid ${notice.pid}) is back in rotation`;
    case 'gateway-exited':
      return `Gateway ${notice.slot} (pid ${notice.pid}) has left: ${notice.reason}`;
    case 'worker-exited':
      return `Worker ${notice.slot} (pid ${notice.pid}) has left: ${notice.reason}`;
    case 'stopping':
      return `The instance stops (${notice.how})`;
    default:
      return assertNever(notice);
  }
}
