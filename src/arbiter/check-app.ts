import { launch } from '../process/launcher.ts';
import { resolveIdentity } from '../process/privileges.ts';
import type { Spawn } from '../process/spawn.ts';
import { parseFromWorker } from '../protocol/worker.ts';
import type { ChildCommand } from './child-command.ts';
import { orderChild } from './child-order.ts';
import type { Generation, Loaded } from './generation.ts';

export interface CheckOptions {
  spawn: Spawn;
  env: Readonly<Record<string, string>>;
}

/** Loads the app in a child, without any listener; null when it is good, else what is wrong. */
export function checkApp(loaded: Loaded, { spawn, env }: CheckOptions): Promise<string | null> {
  const settings = { ...loaded.settings, captureOutput: false, accesslog: null };
  const identity = resolveIdentity(settings);
  const generation: Generation = {
    ...loaded,
    settings,
    number: 0,
    identity,
    listeners: { descriptorsFor: () => [] },
    links: [],
    software: 'tsgun',
    launch: (command) => launch(command, identity),
  };
  const command: ChildCommand = {
    child: 0,
    generation,
    slot: 0,
    requestLimit: 0,
    purpose: 'check',
    paused: false,
    env,
  };
  const { request, start } = orderChild('worker', command);
  const child = spawn(request);
  child.send(start);
  return new Promise((resolve) => {
    let verdict: string | null = 'the worker said nothing';
    const timer = setTimeout(() => {
      verdict = `the app was not loaded within boot_timeout (${settings.bootTimeout} s)`;
      child.kill('SIGKILL');
    }, settings.bootTimeout * 1000);
    child.onMessage((message) => {
      const word = parseFromWorker(message);
      if (word?.type === 'ready') verdict = null;
      if (word?.type === 'failed') verdict = word.stack ?? word.message;
    });
    child.onExit(({ code, error }) => {
      clearTimeout(timer);
      if (error) verdict = error.message;
      else if (verdict === 'the worker said nothing')
        verdict = `the worker exited with code ${code}`;
      loaded.script?.close();
      resolve(verdict);
    });
  });
}
