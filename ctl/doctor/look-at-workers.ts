import { formatDuration, formatNumber } from '../output/format.ts';
import { allOr, type Check, fail, good, unknown, warn } from './check.ts';
import { factsOf, type Patient } from './patient.ts';
import { readIds } from './processes.ts';

/** A loop that answers so late makes every request wait as long. */
const longestLagMs = 500;

export function lookAtWorkers(patient: Patient): readonly Check[] {
  const name = 'workers';
  const { command } = patient;
  const facts = factsOf(patient);
  const { degraded, held, mode, paused, workers } = facts.status();
  const found: Check[] = [];
  if (degraded || workers.degraded > 0) {
    const message = `${workers.ready} of ${workers.wanted} serve, ${formatNumber(workers.degraded, 'slot keeps', 'slots keep')} failing`;
    found.push(fail(name, message, `${command} why`));
  }
  if (paused) found.push(warn(name, 'The instance accepts nothing', `${command} unpause`));
  if (held) {
    found.push(warn(name, 'Failed workers are not started again', `${command} resume`));
  }
  for (const { kind, lagMs, phase, slot } of facts.workers()) {
    if (phase !== 'ready' || lagMs < longestLagMs) continue;
    const isGateway = kind === 'gateway';
    const whose = isGateway ? `gateway ${slot}` : `slot ${slot}`;
    const message = `The event loop of ${whose} is ${formatDuration(lagMs)} behind`;
    found.push(warn(name, message, isGateway ? `${command} top` : `${command} dump ${slot}`));
  }
  return allOr(found, good(name, `${workers.ready} of ${workers.wanted} serve (${mode})`));
}

const lately = 3_600_000;

export function lookAtDeaths(patient: Patient): readonly Check[] {
  const name = 'deaths';
  const deaths = factsOf(patient).deaths();
  const recent = deaths.filter(({ at }) => Date.now() - at < lately);
  if (recent.length === 0) {
    const before = deaths.length === 0 ? 'No worker has died' : 'No worker died in the last hour';
    return [good(name, `${before} without being asked to`)];
  }
  const counts = Map.groupBy(recent, ({ reason }) => reason);
  const reasons = [...counts].map(([reason, { length }]) => `${length} ${reason}`).join(', ');
  const message = `${formatNumber(recent.length, 'worker')} died in the last hour: ${reasons}`;
  return [warn(name, message, `${patient.command} why`)];
}

/** Whose rights an attacker gets who takes over the app. */
export async function lookAtIdentity(patient: Patient): Promise<readonly Check[]> {
  const name = 'identity';
  const facts = factsOf(patient);
  facts.pid(); // elsewhere the pids of the workers mean other processes
  const pids = facts.workers().flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const ours = await Promise.all(pids.map((pid) => readIds(patient.root, pid)));
  const ids = ours.filter((one) => one !== null);
  if (ids.length === 0) return [unknown(name, 'No worker can be seen from here')];
  if (ids.some(({ uid }) => uid === 0)) {
    return [warn(name, 'The workers run as root', 'set user and group to ones that own nothing')];
  }
  const users = [...new Set(ids.map(({ uid, gid }) => `${uid}:${gid}`))].join(', ');
  return [good(name, `The workers run as ${users}`)];
}
