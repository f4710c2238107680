import { formatNumber } from '../output/format.ts';
import { allOr, type Check, fail, good, unknown, warn } from './check.ts';
import { type Facts, factsOf, type Patient } from './patient.ts';
import { probe, targetOf } from './probe.ts';
import { readNumber } from './processes.ts';

/** The kernel caps what `listen` asks for: listen(2). */
export async function lookAtBacklog(patient: Patient): Promise<readonly Check[]> {
  const name = 'backlog';
  const facts = factsOf(patient);
  const { listeners } = facts.status();
  facts.pid(); // elsewhere it has a network, and a limit, of its own
  const most = await readNumber(patient.root, 'proc/sys/net/core/somaxconn');
  if (most === null) return [unknown(name, 'net.core.somaxconn cannot be read')];
  const found = listeners
    .filter(({ backlog }) => backlog > most)
    .map(({ address, backlog }) =>
      warn(
        name,
        `${address} asks for ${backlog}, and net.core.somaxconn allows ${most}`,
        `sysctl -w net.core.somaxconn=${backlog}`,
      ),
    );
  return allOr(found, good(name, `net.core.somaxconn (${most}) is enough for every listener`));
}

export async function lookAtQueues(patient: Patient): Promise<readonly Check[]> {
  const name = 'accept queue';
  const { listeners } = factsOf(patient).status();
  const most = (await readNumber(patient.root, 'proc/sys/net/core/somaxconn')) ?? Infinity;
  const told = listeners.filter(({ queued }) => queued !== null);
  if (told.length === 0) return [unknown(name, 'The kernel does not tell who waits')];
  const found = told.flatMap(({ address, backlog, queued }): Check[] => {
    const room = Math.min(backlog, most);
    const share = (queued ?? 0) / room;
    if (share < 0.5) return [];
    const message = `${queued} of at most ${room} connections wait at ${address}`;
    const hint = `${patient.command} requests`;
    return [share < 1 ? warn(name, message, hint) : fail(name, message, hint)];
  });
  const waiting = told.reduce((sum, { queued }) => sum + (queued ?? 0), 0);
  return allOr(found, good(name, `${formatNumber(waiting, 'connection')} wait to be accepted`));
}

/** A client's view: the only one that counts. */
export async function lookAtReach(
  patient: Patient,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const name = 'reachable';
  const facts = factsOf(patient);
  const { listeners, paused } = facts.status();
  const checks = await Promise.all(
    listeners.map(async ({ address }): Promise<Check> => {
      const target = targetOf(address);
      if (!target) return unknown(name, `${address} names no place to connect to`);
      const { kind, text } = await probe(target, signal);
      if (kind === 'answered') return good(name, `${address} ${text}`);
      if (kind === 'complained') return warn(name, `${address} ${text}`);
      if (!isHere(facts)) return unknown(name, `${address} ${text} from here`);
      const hint = paused ? `${patient.command} unpause` : `${patient.command} workers`;
      return fail(name, `${address} ${text}`, hint);
    }),
  );
  return checks.length === 0 ? [unknown(name, 'The instance names no listener')] : checks;
}

/** In a container its addresses are others than ours. */
function isHere(facts: Facts): boolean {
  try {
    return facts.pid() > 0;
  } catch {
    return false;
  }
}
