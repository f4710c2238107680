import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { renderCopyright } from '../../../packaging/copyright.ts';
import { architectures } from '../../../packaging/manifest.ts';
import { findModules } from '../../../packaging/modules.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const here = architectures[process.arch];

const skip = here ? false : `there are no packages for ${process.arch}`;

test('the copyright names everything that is inside, and every licence has its text', {
  skip,
}, () => {
  assert.ok(here);
  const text = renderCopyright(root, here);
  const paragraphs = text.split(/\n\n/);
  const fields = (name: string) =>
    paragraphs.flatMap((one) => new RegExp(`^${name}: (.*)`, 'm').exec(one)?.[1] ?? []);
  const files = fields('Files');
  for (const { folder } of findModules(root, here.node))
    assert.ok(files.includes(`usr/lib/tsgun/${folder}/*`), folder);
  assert.ok(files.includes('usr/lib/tsgun/bin/node'));
  const texts = paragraphs.filter((one) => /^License: .*\n /m.test(one));
  const told = texts.map((one) => /^License: (.*)/m.exec(one)?.[1]);
  assert.deepEqual([...new Set(fields('License'))].toSorted(), told.toSorted());
  assert.match(text, /Permission is hereby granted, free of charge/);
});

test('every line of it is a field or goes on with one', { skip }, () => {
  assert.ok(here);
  const lines = renderCopyright(root, here).split('\n');
  const odd = lines.filter((line) => line !== '' && !/^[A-Z][A-Za-z-]+: \S|^ \s*\S/.test(line));
  assert.deepEqual(odd, []);
});
