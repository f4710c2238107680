import { TsgunError } from '../core/errors.ts';
import { takeAutopsy, takeStack } from './autopsy.ts';
import type { Examiner } from './examiner.ts';
import { InspectorDoor } from './inspector-door.ts';

export interface NodePatient {
  kill(signal: NodeJS.Signals): unknown;
  shutInspector(): void;
  /** Where the inspector listens is told on stderr. */
  captured: boolean;
  /** It hears our signal; before, and at its end, it would die of it. */
  runs(): boolean;
}

const deaf = 'capture_output is off';

/** Looks into a Node.js process through its inspector. */
export function examineNode({ kill, shutInspector, captured, runs }: NodePatient): Examiner {
  const door = new InspectorDoor({ knock: () => kill('SIGUSR1'), shut: shutInspector });
  return {
    async autopsy(signal) {
      return captured ? takeAutopsy(door, signal) : `No stack could be taken: ${deaf}`;
    },
    async takeStack(signal) {
      const obstacle = captured ? (runs() ? null : 'it does not run') : deaf;
      if (obstacle === null) return takeStack(door, signal);
      throw new TsgunError('TSGUN_E_OPERATION', `Cannot take the stack: ${obstacle}`);
    },
    hear: (line) => door.hear(line),
  };
}
