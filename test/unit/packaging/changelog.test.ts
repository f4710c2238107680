import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  renderDebianChangelog,
  renderRpmChangelog,
  toPackageVersion,
  wrap,
} from '../../../packaging/changelog.ts';

const edition = { version: '1.1.0', release: '1', time: Date.UTC(2026, 10, 28, 8, 30) / 1000 };

const markdown = `# Changelog

The format follows [Keep a Changelog](https://example.org/).

## [Unreleased]

### Added

- \`tsgun\` does 100 % of
  what it should.

## [1.0.0-rc.1] - 2026-10-05

### Fixed

- One thing.
- Another.
`;

test('renderDebianChangelog() gives what is unreleased to the edition, and releases their day', () => {
  assert.equal(
    renderDebianChangelog(markdown, edition),
    `tsgun (1.1.0-1) unstable; urgency=medium

  * tsgun does 100 % of what it should.

 -- tsgun developers <developers@tsgun.invalid>  Sat, 28 Nov 2026 08:30:00 +0000

tsgun (1.0.0~rc.1-1) unstable; urgency=medium

  * One thing.
  * Another.

 -- tsgun developers <developers@tsgun.invalid>  Mon, 05 Oct 2026 12:00:00 +0000
`,
  );
});

test('renderRpmChangelog() keeps rpm from seeing macros', () => {
  assert.equal(
    renderRpmChangelog(markdown, edition),
    `* Sat Nov 28 2026 tsgun developers <developers@tsgun.invalid> - 1.1.0-1
- tsgun does 100 %% of what it should.

* Mon Oct 05 2026 tsgun developers <developers@tsgun.invalid> - 1.0.0~rc.1-1
- One thing.
- Another.
`,
  );
});

test('an edition that no entry tells of has one all the same', () => {
  const released = markdown.replace(/## \[Unreleased\].*?(?=\n## )/s, '');
  const [first = ''] = renderDebianChangelog(released, edition).split('\n\n -- ');
  assert.equal(first, 'tsgun (1.1.0-1) unstable; urgency=medium\n\n  * Version 1.1.0.');
});

test('toPackageVersion() sorts what comes before a release before it', () => {
  assert.equal(toPackageVersion('1.0.0-beta.1'), '1.0.0~beta.1');
  assert.equal(toPackageVersion('1.0.0'), '1.0.0');
});

test('wrap() breaks at blanks only, and indents what follows', () => {
  assert.equal(wrap('one two three', 9, '- ', '  '), '- one two\n  three');
  assert.equal(wrap('averylongword x', 5, '', ''), 'averylongword\nx');
});
