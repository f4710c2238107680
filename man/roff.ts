/**
 * Renders the little markup that the templates are written in as man(7): `# SECTION`,
 * `## Subsection`, paragraphs, examples indented by four spaces, and items (a line with the term,
 * then lines behind `:   `; a block of such lines alone goes on with the item above). A block of
 * lines `| term | text` is a list without space between its items. Between blocks `{` and `}` all is
 * indented once more. Within text, backticks are bold, `*stars*` italic.
 */
export function renderRoff(markup: string): string {
  const lines: string[] = [];
  let fresh = true;
  for (const block of joinExamples(markup.trim()).split(/\n{2,}/)) {
    const heading = /^(##?) (.+)$/.exec(block);
    if (heading) lines.push(`.${heading[1] === '#' ? 'SH' : 'SS'} "${heading[2]}"`);
    else lines.push(...renderBlock(block, fresh));
    fresh = heading !== null || block === '{';
  }
  return `${lines.join('\n')}\n`;
}

const example = '    ';
const body = ':   ';

/** An example may have empty lines. */
const joinExamples = (markup: string): string =>
  markup.replaceAll(/(?<=^ {4}.*\n)\n(?= {4})/gm, `${example}\n`);

function renderBlock(block: string, fresh: boolean): string[] {
  if (block === '{' || block === '}') return [block === '{' ? '.RS' : '.RE'];
  const lines = block.split('\n');
  if (lines.every((line) => line.startsWith(example))) return renderExample(lines, fresh);
  if (block.startsWith('| ')) return renderRows(lines);
  if (block.startsWith(body)) return ['.IP', ...fill(unindent(lines))];
  const [term = '', ...rest] = lines;
  if (rest[0]?.startsWith(body)) return ['.TP', renderInline(term), ...fill(unindent(rest))];
  return [...(fresh ? [] : ['.PP']), ...fill(lines.join(' '))];
}

/** Wide enough for most names. */
const termWidth = 22;

const renderRows = (rows: readonly string[]): string[] => [
  ...rows.flatMap((row, index) => {
    const [, term = '', text = ''] = /^\| (.+?) \| (.+)$/.exec(row) ?? [];
    const item = [`.TP ${termWidth}`, renderInline(term), ...fill(text)];
    return index === 0 ? [...item, '.PD 0'] : item;
  }),
  '.PD',
];

const unindent = (lines: readonly string[]): string =>
  lines.map((line) => line.slice(body.length)).join(' ');

const renderExample = (lines: readonly string[], fresh: boolean): string[] => [
  ...(fresh ? [] : ['.PP']),
  '.RS 4',
  '.EX',
  ...lines.map((line) => guard(escapeCode(line.slice(example.length)))),
  '.EE',
  '.RE',
];

/** A sentence ends its line, so that a change of one is a change of no other in a diff. */
const fill = (text: string): string[] =>
  renderInline(text)
    .split(/(?<=[.!?]) +/)
    .flatMap(wrap)
    .map(guard);

const longestLine = 78;

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > longestLine) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A dot or an apostrophe at the begin of a line would be a command. */
const guard = (line: string): string => (/^[.']/.test(line) ? `\\&${line}` : line);

const renderInline = (text: string): string =>
  text
    .split(/(`[^`]+`|\*[^\s*](?:[^*]*[^\s*])?\*)/)
    .map((part, index) => {
      if (index % 2 === 0) return escapeText(part);
      const font = part.startsWith('`') ? 'B' : 'I';
      return `\\f${font}${keepWhole(escapeCode(part.slice(1, -1)))}\\fR`;
    })
    .join('');

/** Names are not hyphenated. */
const keepWhole = (text: string): string => text.replaceAll(/(?<![^ ])(?=[^ ]{4})/g, '\\%');

/** Every dash is one that can be copied. */
const escapeCode = (text: string): string =>
  escapeText(text, /-/g).replaceAll("'", '\\(aq').replaceAll('`', '\\(ga');

/** Only what begins with a dash, or is one, has dashes; the rest are hyphens. */
const escapeText = (text: string, dashes = /(?<![\w-])-[-\w]*|-(?!\w)/g): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(dashes, (found) => found.replaceAll('-', '\\-'))
    .replaceAll(/[^\0-\x7f]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
