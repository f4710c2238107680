import type { ClientVerb } from '../../src/protocol/control/verbs.ts';
import { methodOfVerb } from '../command-line/params.ts';
import type { VerbFunction } from './run.ts';

/** Loaded when they are needed: one call is one verb. */
const clientVerbs: Record<ClientVerb, () => Promise<VerbFunction>> = {
  list: async () => (await import('./list.ts')).list,
  events: async () => (await import('./stream.ts')).showEvents,
  logs: async () => (await import('./stream.ts')).showLogs,
  wait: async () => (await import('./wait.ts')).wait,
  call: async () => (await import('./call.ts')).call,
  version: async () => (await import('./version.ts')).showVersions,
  top: async () => (await import('./screens.ts')).showTop,
  shell: async () => (await import('./screens.ts')).openShell,
  completion: async () => (await import('./screens.ts')).printCompletion,
  doctor: async () => (await import('./doctor.ts')).examine,
};

/** What a verb does. It is one that the command line has been read with. */
export async function findVerbFunction(verb: string): Promise<VerbFunction> {
  if (verb in clientVerbs) return clientVerbs[verb as ClientVerb]();
  if (verb === 'reload') return (await import('./reload.ts')).reload;
  const method = methodOfVerb(verb);
  if (method === undefined) throw new Error(`No function for the verb ${verb}`);
  const { callMethod } = await import('./call-method.ts');
  return (run, invocation) => callMethod(method, run, invocation);
}
