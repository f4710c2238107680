import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { isJournal } from '../../../src/core/journal.ts';

test('isJournal() is true only for the stream that systemd has named', (t) => {
  const fd = openSync('/dev/null', 'r');
  t.after(() => closeSync(fd));
  const { dev, ino } = fstatSync(fd);
  assert.equal(isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` }), true);
  assert.equal(isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino + 1}` }), false);
  assert.equal(isJournal(fd, {}), false);
});
