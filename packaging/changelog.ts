import { product } from './manifest.ts';

/** A release in CHANGELOG.md. */
interface Entry {
  version: string;
  /** Seconds since the epoch. */
  time: number;
  changes: readonly string[];
}

export interface Edition {
  /** As packages write it: 1.0.0~beta.1 */
  version: string;
  release: string;
  /** Seconds since the epoch. */
  time: number;
}

/** What is not released yet, or all there is, belongs to the edition that is made. */
function readEntries(markdown: string, edition: Edition): Entry[] {
  const entries = markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => readEntry(section, edition))
    .filter(({ changes }) => changes.length > 0);
  if (entries[0]?.version === edition.version) return entries;
  return [{ ...edition, changes: [`Version ${edition.version}.`] }, ...entries];
}

function readEntry(section: string, edition: Edition): Entry {
  const [, name = '', day] = /^\[?([^\]\s]+)\]?(?: - (\d{4}-\d\d-\d\d))?/.exec(section) ?? [];
  const changes = [...section.matchAll(/^- (.*(?:\n {2}.*)*)/gm)].map(([, text = '']) =>
    text.replaceAll(/\s+/g, ' ').replaceAll('`', ''),
  );
  const isNew = name === 'Unreleased' || day === undefined;
  return {
    version: isNew ? edition.version : toPackageVersion(name),
    time: isNew ? edition.time : Date.parse(`${day}T12:00:00Z`) / 1000,
    changes,
  };
}

/** A version of npm sorts before what it precedes with a tilde only: 1.0.0-beta.1 → 1.0.0~beta.1 */
export const toPackageVersion = (version: string): string => version.replace('-', '~');

/** In the format of Debian: deb-changelog(5). */
export function renderDebianChangelog(markdown: string, edition: Edition): string {
  const entries = readEntries(markdown, edition).map(({ version, time, changes }) => {
    const head = `${product.name} (${version}-${edition.release}) unstable; urgency=medium`;
    const items = changes.map((change) => wrap(change, 76, '  * ', '    ')).join('\n');
    const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
    return `${head}\n\n${items}\n\n -- ${product.maintainer}  ${date}\n`;
  });
  return entries.join('\n');
}

/** For a spec file; a percent sign would begin a macro. */
export function renderRpmChangelog(markdown: string, edition: Edition): string {
  const entries = readEntries(markdown, edition).map(({ version, time, changes }) => {
    const [weekday = '', day, month, year] = new Date(time * 1000).toUTCString().split(' ');
    const date = `${weekday.replace(',', '')} ${month} ${day} ${year}`;
    const items = changes.map((change) => wrap(change, 76, '- ', '  ')).join('\n');
    return `* ${date} ${product.maintainer} - ${version}-${edition.release}\n${items}\n`;
  });
  return entries.join('\n').replaceAll('%', '%%');
}

/** Breaks lines at blanks. */
export function wrap(text: string, width: number, first: string, rest: string): string {
  const lines: string[] = [];
  let line: string | null = null;
  for (const word of text.split(' ')) {
    if (line !== null && line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      if (line !== null) lines.push(line);
      line = (line === null ? first : rest) + word;
    }
  }
  return [...lines, line].join('\n');
}
