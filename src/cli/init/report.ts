import path from 'node:path';
import { optionFor } from './choose-app.ts';
import { type FoundApp, harmless } from './found-app.ts';
import { describeEvidence, type Instance } from './render-instance.ts';

/** What was found, in a sentence, and what else there is. */
export function reportFindings({ app, python }: Instance, others: readonly FoundApp[]): string {
  const evidence = describeEvidence(app);
  const lines = [
    `Found ${app.kind} in ${harmless(app.chdir)}${evidence === '' ? '' : ` (${evidence})`}`,
  ];
  if (python !== null) lines.push(`It runs with ${path.resolve(app.chdir, python)}`);
  const shown = others.slice(0, mostOthers);
  for (const other of shown) lines.push(`Also there: ${other.kind}, --app ${optionFor(other)}`);
  if (others.length > shown.length) lines.push(`... and ${others.length - shown.length} more`);
  return `${lines.join('\n')}\n`;
}

const mostOthers = 3;

/** Where the configuration is now, and the commands that come next. */
export function reportNext(
  { name, bind, workers }: Instance,
  { file, home, user, replaced }: { file: string; home: string; user: string; replaced: boolean },
): string {
  const count = workers.count === 'auto' ? 'as many workers as fit' : countOf(workers.count);
  const steps: Step[] = [
    ...(file === home ? [] : [[`install -m 644 ${file} ${home}`, 'where the unit looks'] as const]),
    ...(user === 'tsgun' ? [] : [[`systemctl edit tsgun@${name}`, userEdit(user)] as const]),
    nextOf(name, { bind, replaced: replaced && file === home }),
    [`tsgunctl -i ${name} status`, 'shows how it does'],
    [`journalctl -u tsgun@${name}`, 'shows what it says'],
  ];
  const width = Math.max(...steps.map(([command]) => command.length)) + 2;
  const lines = steps.map(([command, effect]) => `  ${command.padEnd(width)}# ${effect}`);
  const wrote = `Wrote ${file}: ${count} at ${bind.map(asUrl).join(', ')}`;
  return `${wrote}\n\nNext, as root:\n${lines.join('\n')}\n`;
}

type Step = readonly [command: string, effect: string];

function nextOf(
  name: string,
  { bind, replaced }: Pick<Instance, 'bind'> & { replaced: boolean },
): Step {
  if (replaced) return [`systemctl reload-or-restart tsgun@${name}`, 'makes it serve by this'];
  return bind.some((address) => address.startsWith('fd:'))
    ? [`systemctl enable --now tsgun@${name}.socket`, 'lets systemd listen, see tsgun(8)']
    : [`systemctl enable --now tsgun@${name}`, 'starts it, now and at every boot'];
}

const userEdit = (user: string): string =>
  `to add: [Service], User=${user}, SupplementaryGroups=tsgun`;

const countOf = (count: number): string => `${count} ${count === 1 ? 'worker' : 'workers'}`;

const asUrl = (address: string): string =>
  /^(?:unix:|fd:|tcp:|http:)/.test(address) ? address : `http://${address}`;
