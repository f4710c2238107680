import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** A directory of the test's own, gone when the test is over; others may enter it. */
export function makeTempDir(t: TestContext): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'tsgun-test-'));
  chmodSync(dir, 0o755);
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}
