import { setImmediate as nextTurn } from 'node:timers/promises';
import { readMemoryGroup } from '../core/memory-group.ts';
import type {
  DeathView,
  ListenerView,
  StatsView,
  StatusView,
  WorkerView,
} from '../protocol/control/views.ts';
import { readAcceptQueues } from '../sockets/accept-queue.ts';
import { isGatewayMissing, viewGateways } from './gateway-views.ts';
import { accepts } from './leave.ts';
import type { OperatorOptions } from './operator-options.ts';
import { slotIsFilled } from './slots.ts';
import { type ArbiterState, type Child, isWorker, policyOf, rollOf } from './state.ts';

/** The state of the instance as a whole. */
export function viewStatus(options: OperatorOptions): StatusView {
  const { clock, instance, name, app, startedAt, version } = options;
  const { state } = instance;
  const { operations, deaths } = instance.records;
  const now = clock.now();
  const [death] = deaths.find({ last: 1 });
  return {
    instance: name(),
    version,
    app,
    pid: process.pid,
    uptimeMs: Math.round(now - startedAt.monotonic),
    startedAt: startedAt.wall,
    mode: modeOf(state),
    generation: state.generation,
    degraded: countFailing(state) > 0 || isGatewayMissing(state),
    paused: state.paused,
    held: state.held,
    confirm: viewConfirm(state, now),
    workers: countWorkers(state),
    gateways: viewGateways(instance),
    listeners: viewListeners(options),
    traffic: viewTraffic(options),
    memory: viewMemory(state),
    operations: operations.running(),
    lastReload: instance.records.history.lastReload,
    lastDeath: death ? shorten(death) : null,
  };
}

function modeOf(state: ArbiterState): StatusView['mode'] {
  return rollOf(state)?.stage.kind === 'confirming' ? 'confirming' : state.mode.kind;
}

const shorten = ({ id, role, slot, reason, code, signal, at }: DeathView) => ({
  id,
  role,
  slot,
  reason,
  code,
  signal,
  at,
});

function viewConfirm(state: ArbiterState, now: number): StatusView['confirm'] {
  const roll = rollOf(state);
  if (roll?.stage.kind !== 'confirming') return null;
  const remainingMs = Math.max(0, Math.round(roll.stage.deadline - now));
  return { generation: state.generation, parked: roll.previous, remainingMs };
}

/** Slots whose workers failed and that have no other one. */
const countFailing = (state: ArbiterState): number =>
  [...state.failures.values()].filter(
    ({ role, slot }) => role === 'worker' && slot < state.target && !slotIsFilled(state, slot),
  ).length;

function countWorkers(state: ArbiterState): StatusView['workers'] {
  const phases = new Map<string, number>();
  for (const { worker } of [...state.children.values()].filter(isWorker)) {
    phases.set(worker.phase, (phases.get(worker.phase) ?? 0) + 1);
  }
  const count = (...names: string[]) =>
    names.reduce((sum, name) => sum + (phases.get(name) ?? 0), 0);
  return {
    wanted: state.target,
    ready: count('ready'),
    booting: count('booting'),
    draining: count('draining', 'dumping', 'killed', 'failed'),
    degraded: countFailing(state),
    parked: count('parking', 'parked'),
  };
}

export function viewListeners({ instance, listeners }: OperatorOptions): ListenerView[] {
  const { backlog, reusePort } = instance.current().settings;
  return listeners.list().map(({ address, descriptors }) => {
    const waiting = [...readAcceptQueues(descriptors).values()];
    const unix = address.startsWith('unix:');
    return {
      address,
      url: unix ? address : `http://${address}`,
      backlog,
      queued: waiting.some((count) => count === null)
        ? null
        : waiting.reduce<number>((sum, count) => sum + (count ?? 0), 0),
      shared: unix || !reusePort,
    };
  });
}

function viewTraffic({ clock, instance }: OperatorOptions): StatusView['traffic'] {
  const { state } = instance;
  const { fleet } = instance.records;
  const { requestsPerSecond, p50Ms, p99Ms } = fleet.measureAll(clock.now());
  let inFlight = 0;
  let connections = 0;
  for (const child of state.children.values()) {
    if (!accepts(state, child)) continue;
    const { vitals } = child;
    inFlight += vitals.inFlight;
    connections += vitals.connections;
  }
  const { requests } = fleet;
  return {
    requests,
    inFlight,
    connections,
    requestsPerSecond: round(requestsPerSecond),
    p50Ms,
    p99Ms,
  };
}

function viewMemory({ children }: ArbiterState): StatusView['memory'] {
  let workersBytes = 0;
  for (const { vitals } of children.values()) workersBytes += vitals.rssBytes;
  const group = readMemoryGroup('/', 'self');
  return { arbiterBytes: process.memoryUsage.rss(), workersBytes, group };
}

/** Workers by slot, those that should be there before those that leave; then gateways. */
export function viewWorkers({ clock, instance }: OperatorOptions): WorkerView[] {
  const now = clock.now();
  const { state } = instance;
  const { fleet } = instance.records;
  return [...state.children.values()]
    .toSorted((a, b) => compareRoles(a, b) || a.slot - b.slot || b.id - a.id)
    .map((child) => {
      const { slot, pid, generation, vitals } = child;
      const { requestsPerSecond, cpuPercent, p50Ms, p99Ms } = fleet.measure(child.id, now);
      const { inFlight, connections, requests, rssBytes, lagMs } = vitals;
      return {
        slot,
        pid,
        kind: kindOf(state, child),
        generation,
        phase: phaseOf(child),
        why: 'why' in child.worker ? child.worker.why : child.recycle,
        uptimeMs: Math.round(now - child.spawnedAt),
        inFlight,
        connections,
        requests,
        requestsPerSecond: round(requestsPerSecond),
        p50Ms,
        p99Ms,
        cpuPercent: cpuPercent === null ? null : round(cpuPercent),
        rssBytes,
        lagMs,
        lastBeatMs: 'lastBeat' in child.worker ? Math.round(now - child.worker.lastBeat) : null,
      };
    });
}

const compareRoles = (a: Child, b: Child): number => Number(isWorker(b)) - Number(isWorker(a));

/** Of one that has not told yet, what is known before. */
function kindOf(state: ArbiterState, child: Child): string {
  if (!isWorker(child)) return 'gateway';
  return policyOf(state, child.generation).gateways === 0 ? 'node' : (child.kind ?? 'python');
}

function phaseOf({ worker }: Child): WorkerView['phase'] {
  if (worker.phase !== 'parking' && worker.phase !== 'parked') return worker.phase;
  return worker.by === 'operator' ? 'drained' : 'parked';
}

/** Counters since the start. */
export async function viewStats(options: OperatorOptions): Promise<StatsView> {
  const { clock, instance, startedAt, control } = options;
  const before = clock.now();
  await nextTurn();
  const now = clock.now();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { connections, subscribers, calls, refused, eventSeq, logSeq } = control();
  return {
    uptimeMs: Math.round(now - startedAt.monotonic),
    traffic: viewTraffic(options),
    workers: { started: instance.state.lastChild, deaths: instance.records.deaths.counts },
    gateways: viewGateways(instance),
    reloads: instance.records.history.reloads,
    arbiter: {
      rssBytes: rss,
      heapBytes: heapUsed,
      cpuMs: Math.round((user + system) / 1000),
      lagMs: Math.round(now - before),
    },
    control: { connections, subscribers, calls, refused },
    log: { seq: logSeq },
    events: { seq: eventSeq },
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
