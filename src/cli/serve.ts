import type { Loaded } from '../arbiter/generation.ts';
import { Generations } from '../arbiter/generations.ts';
import { Instance } from '../arbiter/instance.ts';
import { findPredecessor } from '../arbiter/predecessor.ts';
import { listenToSignals } from '../arbiter/signals.ts';
import type { Invocation } from '../arbiter/upgrade.ts';
