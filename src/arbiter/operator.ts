import { TsgunError } from '../core/errors.ts';
import type {
  ArbiterApi,
  Caller,
  MethodName,
  Params,
  Result,
} from '../protocol/control/methods.ts';
import type { Command } from './event.ts';
import { listTellers, whoHas } from './gateway-views.ts';
import { unwrap } from './operation-record.ts';
import { createConfigApi } from './operator-config.ts';
import type { OperatorOptions } from './operator-options.ts';
import { createReloadApi, cutReason } from './operator-reload.ts';
import { viewListeners, viewStats, viewStatus, viewWorkers } from './operator-views.ts';
import { findInSlot } from './slots.ts';
import { type Child, isWorker, type Role } from './state.ts';

/** How long a worker may take to tell its requests. */
const reportMs = 500;

/** What operators can ask of an instance, from wherever they call. */
export function createOperator(options: OperatorOptions): ArbiterApi {
  const { instance } = options;
  const operate: Operate = async (method, command, { progress }) =>
    unwrap(await instance.operate(method, command, progress)) as Result<typeof method>;
  const simple =
    <M extends 'hold' | 'resume' | 'pause' | 'unpause' | 'confirm'>(command: M) =>
    (_params: object, caller: Caller) =>
      operate(command, { command }, caller);
  const withReason =
    <M extends 'abort' | 'rollback'>(command: M) =>
    ({ reason }: { reason?: string }, caller: Caller) =>
      operate(
        command,
        { command, ...(reason !== undefined && { reason: cutReason(reason) }) },
        caller,
      );
  return {
    ...createConfigApi(options),
    ...createReloadApi(options),
    status: () => viewStatus(options),
    workers: () => viewWorkers(options),
    listeners: () => viewListeners(options),
    stats: () => viewStats(options),
    why: (params) => instance.records.deaths.find(params),
    requests: (params) => listRequests(options, params),
    wait: async ({ operation }, { progress }) => {
      const op = Number(operation.replace('op:', ''));
      const ended = instance.records.operations.join(op, progress);
      if (!ended) throw new TsgunError('TSGUN_E_OPERATION', `There is no operation op:${op}`);
      return unwrap(await ended);
    },
    scale: ({ workers }, caller) => operate('scale', scaleCommand(workers), caller),
    abort: withReason('abort'),
    rollback: withReason('rollback'),
    confirm: simple('confirm'),
    recycle({ slot, all }, caller) {
      if ((slot === undefined) === !all) {
        throw new TsgunError('TSGUN_E_USAGE', 'Cannot recycle: give a slot, or all of them');
      }
      return operate('recycle', { command: 'recycle', slot: slot ?? null }, caller);
    },
    drain: ({ slot }, caller) => operate('drain', { command: 'drain', slot }, caller),
    undrain: ({ slot }, caller) => operate('undrain', { command: 'undrain', slot }, caller),
    kill({ slot, signal = 'KILL' }, caller) {
      return operate('kill', { command: 'kill', slot, signal: `SIG${signal}` as const }, caller);
    },
    dump: (params, caller) => dump(options, params, caller),
    hold: simple('hold'),
    resume: simple('resume'),
    pause: simple('pause'),
    unpause: simple('unpause'),
    async reopen(_params, caller) {
      const { op } = await operate('reopen', { command: 'reopen' }, caller);
      return { op, files: logFiles(options) };
    },
    async upgrade(_params, caller) {
      const result = await operate('upgrade', { command: 'upgrade' }, caller);
      await options.awaitSuccessor();
      return { ...result, from: process.pid };
    },
    stop({ quick = false }, caller) {
      const how = quick ? 'quick' : 'graceful';
      return operate('stop', { command: 'stop', how }, caller);
    },
  };
}

type Operate = <M extends MethodName>(
  method: M,
  command: Command,
  caller: Caller,
) => Promise<Result<M>>;

function scaleCommand(workers: string): Command {
  const count = Number(workers);
  return /^[+-]/.test(workers) ? { command: 'scale', by: count } : { command: 'resize', to: count };
}

async function listRequests(
  { instance }: OperatorOptions,
  { slot, olderThan = 0 }: Params<'requests'>,
) {
  const { state } = instance;
  const isAsked = (child: Child) => !isWorker(child) || slot === undefined || child.slot === slot;
  const silent: Child[] = [];
  const lists = await Promise.all(
    listTellers(state)
      .filter(isAsked)
      .map(async (teller) => {
        const told = await instance.children.report(teller.id, reportMs);
        if (told === null) silent.push(teller);
        return (told ?? []).map((request) => {
          const { method, path, client, ageMs } = request;
          return { ...whoHas(state, teller, request), method, path, client, ageMs };
        });
      }),
  );
  const requests = lists
    .flat()
    .filter(
      (request) =>
        request.ageMs >= olderThan * 1000 && (slot === undefined || request.slot === slot),
    )
    .toSorted((a, b) => b.ageMs - a.ageMs);
  const slotsOf = (role: Role) =>
    silent
      .filter((child) => child.role === role)
      .map((child) => child.slot)
      .toSorted((a, b) => a - b);
  return { requests, silent: slotsOf('worker'), silentGateways: slotsOf('gateway') };
}

async function dump({ instance }: OperatorOptions, { slot }: Params<'dump'>, { progress }: Caller) {
  const child = findInSlot(instance.state, slot);
  const { pid } = child ?? { pid: null };
  if (!child || pid === null) {
    throw new TsgunError('TSGUN_E_OPERATION', `There is no worker in slot ${slot}`);
  }
  const budgetMs = instance.current().settings.dumpTimeout * 1000;
  return instance.records.operations.run('dump', progress, async () => {
    const { stack, inFlight } = await instance.children.takeStack(child.id, budgetMs);
    return { slot, pid, stack, inFlight };
  });
}

function logFiles({ instance, generations }: OperatorOptions): string[] {
  const { errorlog } = instance.current().settings;
  const access = generations.accessLogs();
  return [...new Set([errorlog, ...access])].filter((file) => file !== '-');
}
