import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel } from '../../../src/core/logger.ts';
import { renderJournal, renderJson, renderText } from '../../../src/log/error-format.ts';

const record = (message: string, level: LogLevel = 'info') => ({
  time: Date.UTC(2026, 10, 21, 8),
  pid: 42,
  level,
  message,
});

/** Another line, an escape of a terminal, and what some viewers take for the end of a line. */
const hostile = 'x\r[2026-01-01] forged\u001b[2J\u0000\u0085\u009b\u2028y';

test("text is Gunicorn's line", () => {
  assert.match(
    renderText(record('Booting worker with pid: 43')),
    /^\[2026-11-21 \d\d:\d\d:00 [+-]\d{4}\] \[42\] \[INFO\] Booting worker with pid: 43\n$/,
  );
});

test('text indents what follows the first line, so that no message looks like another', () => {
  const lines = renderText(
    record('Error: x\n    at y\n[2026-11-21 08:00:00 +0000] [1] [INFO] z\n'),
  );
  assert.deepEqual(lines.split('\n').slice(1), [
    '      at y',
    '  [2026-11-21 08:00:00 +0000] [1] [INFO] z',
    '',
  ]);
});

for (const render of [renderText, renderJournal, renderJson]) {
  test(`${render.name}() leaves no control character of a message`, () => {
    const line = render(record(hostile));
    assert.match(line, /^[\x20-\x7e]+\n$/);
    assert.ok(line.includes('\\x1b[2J') || line.includes('\\u001b[2J'));
  });
}

test('text keeps tabs and the letters of every language', () => {
  assert.match(renderText(record('a\tb é 漢 🚀')), /a\tb é 漢 🚀\n$/);
});

test('journal lines begin with the priority, each one of them, and have no time', () => {
  assert.equal(renderJournal(record('a\nb', 'error')), '<3>[42] a\n<3>  b\n');
  assert.equal(renderJournal(record('<0>a', 'debug')), '<7>[42] <0>a\n');
  assert.equal(renderJournal(record('a<3>\n', 'warning')), '<4>[42] a<3>\n');
  assert.equal(renderJournal(record('a', 'critical')), '<2>[42] a\n');
  const own = { ...record('a', 'info'), pid: process.pid };
  assert.equal(renderJournal(own), '<6>a\n', 'the journal knows whose words these are');
});

test('json is one object a line with the slot if there is one', () => {
  assert.deepEqual(JSON.parse(renderJson({ ...record(hostile), slot: 3 })), {
    time: '2026-11-21T08:00:00.000Z',
    level: 'info',
    pid: 42,
    slot: 3,
    message: hostile,
  });
  assert.equal('slot' in JSON.parse(renderJson(record('a'))), false);
});
