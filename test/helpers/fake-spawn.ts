import { PassThrough } from 'node:stream';
import type { ChildExit, Spawn, SpawnRequest } from '../../src/process/spawn.ts';

/** A child that does what the test says, and nothing else. */
export interface FakeChild {
  request: SpawnRequest;
  stdout: PassThrough;
  signals: NodeJS.Signals[];
  exit(exit: Partial<ChildExit>): void;
}

export function createFakeSpawn(): { spawn: Spawn; children: FakeChild[] } {
  const children: FakeChild[] = [];
  const spawn: Spawn = (request) => {
    const listeners: ((exit: ChildExit) => void)[] = [];
    const stdout = new PassThrough();
    const child: FakeChild = {
      request,
      stdout,
      signals: [],
      exit: (exit) => {
        for (const listener of listeners) listener({ code: null, signal: null, ...exit });
      },
    };
    children.push(child);
    return {
      pid: 4711,
      stdout,
      stderr: new PassThrough(),
      stack: null,
      send: () => undefined,
      kill: (signal) => child.signals.push(signal) > 0,
      onMessage: () => undefined,
      onExit: (listener) => void listeners.push(listener),
    };
  };
  return { spawn, children };
}
