import { controlExitCodes } from '../../src/core/errors.ts';
import type { MethodName, Result } from '../../src/protocol/control/methods.ts';
import type { Renderer, View } from '../output/look.ts';
import type { operationRenderers } from '../render/operations.ts';
import type { Outcome } from './run.ts';

/** What an answer means beyond having come. */
export async function conclude(method: string, data: unknown): Promise<Outcome> {
  const view = await findView(method, data);
  if (method === 'status') {
    const degraded = fieldOf(data, 'degraded') === true;
    return { data, view, exit: degraded ? controlExitCodes.degraded : controlExitCodes.done };
  }
  if (method === 'config-check' || method === 'config-diff') {
    const problems = fieldOf(data, 'problems');
    const complaints = Array.isArray(problems) ? problems.map(String) : [];
    const good = complaints.length === 0 && fieldOf(data, 'valid') !== false;
    return { data, view, complaints, exit: good ? controlExitCodes.done : controlExitCodes.failed };
  }
  return { data, view, exit: controlExitCodes.done };
}

const fieldOf = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;

type Loaders = { [M in MethodName]?: () => Promise<Renderer<Result<M>>> };

const fromOperations =
  <M extends keyof typeof operationRenderers>(method: M) =>
  async () =>
    (await import('../render/operations.ts')).operationRenderers[method];

const fromConfig =
  <K extends 'configRenderer' | 'configCheckRenderer' | 'configDiffRenderer'>(name: K) =>
  async () =>
    (await import('../render/config.ts'))[name];

/** Loaded when they are needed, because most calls show one result. */
const loaders: Loaders = {
  status: async () => (await import('../render/status.ts')).statusRenderer,
  workers: async () => (await import('../render/workers.ts')).workersRenderer,
  requests: async () => (await import('../render/requests.ts')).requestsRenderer,
  listeners: async () => (await import('../render/listeners.ts')).listenersRenderer,
  stats: async () => (await import('../render/stats.ts')).statsRenderer,
  why: async () => (await import('../render/why.ts')).whyRenderer,
  config: fromConfig('configRenderer'),
  'config-check': fromConfig('configCheckRenderer'),
  'config-diff': fromConfig('configDiffRenderer'),
  reload: async () => (await import('../render/reload.ts')).reloadRenderer,
  scale: fromOperations('scale'),
  abort: fromOperations('abort'),
  confirm: fromOperations('confirm'),
  rollback: fromOperations('rollback'),
  recycle: fromOperations('recycle'),
  drain: fromOperations('drain'),
  undrain: fromOperations('undrain'),
  kill: fromOperations('kill'),
  dump: fromOperations('dump'),
  hold: fromOperations('hold'),
  resume: fromOperations('resume'),
  pause: fromOperations('pause'),
  unpause: fromOperations('unpause'),
  reopen: fromOperations('reopen'),
  upgrade: fromOperations('upgrade'),
  stop: fromOperations('stop'),
  set: fromOperations('set'),
  ping: fromOperations('ping'),
};

/** Null for a method whose result has no form of its own. */
async function findView(method: string, data: unknown): Promise<View | null> {
  const load = Object.hasOwn(loaders, method) ? loaders[method as MethodName] : undefined;
  if (load === undefined) return null;
  const renderer: Renderer<unknown> = await load();
  return viewOf(renderer, data);
}

export const viewOf = <T>(renderer: Renderer<T>, data: T): View => ({
  lines: (look) => renderer.lines(data, look),
  rows: renderer.rows ? () => renderer.rows?.(data) ?? [] : null,
  cut: renderer.cut === true,
});
