import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderRoff } from '../../../man/roff.ts';

const cases: [title: string, markup: string, roff: string][] = [
  ['headings', '# NAME\n\n## Part one', '.SH "NAME"\n.SS "Part one"'],
  ['no paragraph right after a heading', '# A\n\none\n\ntwo', '.SH "A"\none\n.PP\ntwo'],
  ['a line for each sentence', '# A\n\nOne. Two!\nThree: four', '.SH "A"\nOne.\nTwo!\nThree: four'],
  [
    'names in bold that are not hyphenated',
    '# A\n\n`a-b --cd` x',
    '.SH "A"\n\\fB\\%a\\-b \\%\\-\\-cd\\fR x',
  ],
  [
    'flags in text',
    '# A\n\nuse --no-x or "-", not well-known',
    '.SH "A"\nuse \\-\\-no\\-x or "\\-", not well-known',
  ],
  [
    'italics, and stars that are none',
    '# A\n\n*FILE* and *.ts 2 * 3',
    '.SH "A"\n\\fI\\%FILE\\fR and *.ts 2 * 3',
  ],
  ['what would be a command', "# A\n\n.so x\n\n'quoted", '.SH "A"\n\\&.so x\n.PP\n\\&\'quoted'],
  [
    'backslashes and what terminals cannot show',
    '# A\n\na\\b ~ ^ ü',
    '.SH "A"\na\\eb \\(ti \\(ha \\[u00FC]',
  ],
  [
    'items and what goes on with them',
    '# A\n\n`x`\n:   One.\n:   Two.\n\n:   Three.',
    '.SH "A"\n.TP\n\\fBx\\fR\nOne.\nTwo.\n.IP\nThree.',
  ],
  [
    'items within items',
    '# A\n\n`x`\n:   One.\n\n{\n\n`y`\n:   Two.\n\n}',
    '.SH "A"\n.TP\n\\fBx\\fR\nOne.\n.RS\n.TP\n\\fBy\\fR\nTwo.\n.RE',
  ],
  [
    'lists of rows close together',
    '# A\n\n| `x` | One. Two | three.\n| -1 | Four.\n\nfive',
    '.SH "A"\n.TP 22\n\\fBx\\fR\nOne.\nTwo | three.\n.PD 0\n.TP 22\n\\-1\nFour.\n.PD\n.PP\nfive',
  ],
  [
    'an example with empty lines as one',
    '# A\n\n    a\n\n      b\n\n    c\n\nd',
    '.SH "A"\n.RS 4\n.EX\na\n\n  b\n\nc\n.EE\n.RE\n.PP\nd',
  ],
  [
    'examples as they are',
    "# A\n\nx\n\n    a  -b\n    .c 'd'",
    '.SH "A"\nx\n.PP\n.RS 4\n.EX\na  \\-b\n\\&.c \\(aqd\\(aq\n.EE\n.RE',
  ],
];

for (const [title, markup, roff] of cases) {
  test(`renderRoff() renders ${title}`, () => assert.equal(renderRoff(markup), `${roff}\n`));
}

test('renderRoff() breaks long lines at spaces only', () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`);
  const lines = renderRoff(`# A\n\n${words.join(' ')}`)
    .trimEnd()
    .split('\n')
    .slice(1);
  assert.deepEqual(lines.join(' ').split(' '), words);
  for (const line of lines) assert.ok(line.length <= 78);
});
