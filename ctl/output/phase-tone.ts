import type { WorkerView } from '../../src/protocol/control/views.ts';
import type { Tone } from '../terminal/paint.ts';

const tones: Readonly<Record<WorkerView['phase'], Tone>> = {
  booting: 'warn',
  ready: 'good',
  drained: 'warn',
  parked: 'faint',
  failed: 'bad',
  draining: 'warn',
  dumping: 'bad',
  killed: 'bad',
};

/** Another version may know phases that we do not. */
export const toneOfPhase = ({ phase }: WorkerView): Tone => tones[phase] ?? 'plain';
