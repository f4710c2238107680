import { readMemoryGroup } from '../../src/core/memory-group.ts';
import { formatBytes, formatNumber } from '../output/format.ts';
import { allOr, type Check, fail, good, unknown, warn } from './check.ts';
import { type Facts, factsOf, type Patient } from './patient.ts';
import { readAvailableMemory, readOpenFilesLimit } from './processes.ts';

/** Descriptors of a worker beside its clients: files, databases, a margin. */
const otherFiles = 100;

/** Workers are what needs them, and Node.js raises their limit as far as it may. */
export async function lookAtOpenFiles(patient: Patient): Promise<readonly Check[]> {
  const name = 'open files';
  const { root } = patient;
  const facts = factsOf(patient);
  const arbiter = facts.pid();
  const connections = Number(facts.setting('worker_connections'));
  const worker = facts.workers().find(({ phase }) => phase === 'ready');
  const pid = worker?.pid ?? arbiter;
  const limit = await readOpenFilesLimit(root, pid);
  if (limit === null) return [unknown(name, `The limits of process ${pid} cannot be read`)];
  const needed = connections + otherFiles;
  const allowed = limit === Number.POSITIVE_INFINITY ? 'any number of files' : `${limit} files`;
  const message = `A worker may open ${allowed}, and worker_connections is ${connections}`;
  if (limit >= needed) return [good(name, message)];
  return [warn(name, message, `raise LimitNOFILE (ulimit -n) to ${needed} or more`)];
}

export async function lookAtMemory(patient: Patient): Promise<readonly Check[]> {
  const name = 'memory';
  const facts = factsOf(patient);
  const group = readMemoryGroup(patient.root, facts.pid());
  if (!group) return [unknown(name, 'The control group of the arbiter cannot be read')];
  const { limitBytes } = group;
  if (limitBytes === null) return lookAtMachine(facts, patient.root);
  const { arbiterBytes, workersBytes } = facts.status().memory;
  const used = arbiterBytes + workersBytes;
  const share = `${formatBytes(used)} of the ${formatBytes(limitBytes)} of its control group`;
  if (used > limitBytes * 0.95) {
    return [fail(name, `The instance uses ${share}`, 'raise MemoryMax, or run fewer workers')];
  }
  const found: Check[] = [];
  const most = mostMemory(facts);
  if (most !== null && most > limitBytes) {
    const message = `Workers may grow to ${formatBytes(most)} before max_memory replaces them, and the control group has ${formatBytes(limitBytes)}`;
    found.push(warn(name, message, 'lower max_memory, or raise MemoryMax'));
  }
  const reloading = used + surgeBytes(facts);
  if (reloading > limitBytes * 0.95) {
    const message = `The instance uses ${share}, and a reload needs ${formatBytes(reloading)}`;
    found.push(warn(name, message, 'raise MemoryMax, or run fewer workers'));
  }
  return allOr(found, good(name, `The instance uses ${share}`));
}

/** What all workers have together when each is as large as it may become. */
function mostMemory(facts: Facts): number | null {
  const each = Number(facts.setting('max_memory'));
  const { memory, workers } = facts.status();
  return each > 0 ? memory.arbiterBytes + each * workers.wanted : null;
}

/** What the new workers of a reload take that serve beside old ones. */
function surgeBytes(facts: Facts): number {
  const { memory, workers } = facts.status();
  const alive = Math.max(1, workers.ready + workers.draining + workers.parked);
  const surge = Number(facts.setting('reload_surge'));
  return (memory.workersBytes / alive) * (surge > 0 ? surge : 1);
}

async function lookAtMachine(facts: Facts, root: string): Promise<readonly Check[]> {
  const name = 'memory';
  const available = await readAvailableMemory(root);
  if (available === null) return [unknown(name, 'What the machine has cannot be read')];
  const surge = surgeBytes(facts);
  const message = `The machine has ${formatBytes(available)} left, and no control group limits the instance`;
  if (available > surge) return [good(name, message)];
  return [warn(name, `${message}: a reload needs ${formatBytes(surge)}`, 'run fewer workers')];
}

export async function lookAtOomKills(patient: Patient): Promise<readonly Check[]> {
  const name = 'oom kills';
  const group = readMemoryGroup(patient.root, factsOf(patient).pid());
  const kills = group?.oomKills ?? null;
  if (kills === null) return [unknown(name, 'The control group does not count them')];
  if (kills === 0) return [good(name, 'The kernel has killed nobody for want of memory')];
  const message = `The kernel has killed ${formatNumber(kills, 'process', 'processes')} of the control group for want of memory`;
  return [warn(name, message, 'set max_memory, or raise MemoryMax')];
}
