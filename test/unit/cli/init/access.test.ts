import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { describeMode, findObstacle, findReader } from '../../../../src/cli/init/access.ts';
import { findWarnings } from '../../../../src/cli/init/warnings.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };
const stranger = { name: 'stranger', uid: 4_000_000, groups: [4_000_000] };

test('findObstacle() names the first folder that does not let a user through', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'a/b/app.py': '' });
  const file = path.join(dir, 'a/b/app.py');
  chmodSync(file, 0o644);
  chmodSync(path.join(dir, 'a/b'), 0o755);
  chmodSync(path.join(dir, 'a'), 0o755);
  assert.equal(findObstacle(stranger, file, 'read'), null);
  chmodSync(file, 0o640);
  assert.equal(findObstacle(stranger, file, 'read'), file);
  chmodSync(path.join(dir, 'a'), 0o750);
  assert.equal(findObstacle(stranger, file, 'read'), path.join(dir, 'a'));
  assert.equal(findObstacle({ ...stranger, uid: 0 }, file, 'read'), null);
  assert.match(describeMode(path.join(dir, 'a')), /^mode 750 of \w+$/);
});

test('findObstacle() looks behind links, and at what is not there', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'secret/app.py': '' });
  chmodSync(path.join(dir, 'secret'), 0o700);
  symlinkSync('secret', path.join(dir, 'current'));
  assert.equal(findObstacle(stranger, path.join(dir, 'current'), 'run'), path.join(dir, 'current'));
  mkdirSync(path.join(dir, 'open'));
  chmodSync(path.join(dir, 'open'), 0o755);
  symlinkSync('../secret/app.py', path.join(dir, 'open/app.py'));
  assert.equal(
    findObstacle(stranger, path.join(dir, 'open/app.py'), 'read'),
    path.join(dir, 'secret'),
  );
  assert.equal(findObstacle(stranger, path.join(dir, 'gone/x'), 'read'), null);
});

test('findObstacle() counts groups, and no more than the first that fits', rootOnly, (t) => {
  const dir = makeTempDir(t);
  chownSync(dir, 0, 4_000_000);
  chmodSync(dir, 0o750);
  assert.equal(findObstacle(stranger, dir, 'run'), null);
  chmodSync(dir, 0o707);
  assert.equal(findObstacle(stranger, dir, 'run'), dir);
  chownSync(dir, 4_000_000, 0);
  assert.equal(findObstacle(stranger, dir, 'run'), null);
});

test('findReader() knows users by name and number, and takes others for strangers', () => {
  assert.equal(findReader('root').uid, 0);
  assert.equal(findReader('0').name, 'root');
  assert.deepEqual(findReader('no-such-user'), { name: 'no-such-user', uid: -1, groups: [] });
});

const found = (chdir: string, file: string, kind = 'a Flask app') =>
  ({
    language: 'python',
    kind,
    style: 'wsgi',
    chdir,
    app: 'app:app',
    pythonpath: [],
    file,
    line: null,
    rank: 0,
    certain: true,
  }) as const;

test('findWarnings() knows what the unit hides or protects', () => {
  const warn = (chdir: string) => findWarnings(found(chdir, chdir), null, 'root').join();
  assert.match(warn('/tmp/app'), /not there for the service/);
  assert.match(warn('/var/tmp'), /not there for the service/);
  assert.match(warn('/home/me/app'), /not write there/);
  assert.equal(warn('/srv/homework'), '');
});

test('findWarnings() tells of folders, files and interpreters that are closed', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app/app.py': '', 'py/python': '' });
  const file = path.join(dir, 'app/app.py');
  chmodSync(path.join(dir, 'app'), 0o755);
  chmodSync(file, 0o600);
  chmodSync(path.join(dir, 'py'), 0o700);
  const warnings = findWarnings(found(path.dirname(file), file), '../py/python', 'no-such-user');
  const [missing, first = '', second = '', ...rest] = warnings.filter(
    (one) => !one.includes('/var/tmp'),
  );
  assert.equal(missing, 'There is no user "no-such-user" here');
  assert.match(first, /"no-such-user" cannot read ".*app\.py" \(mode 600 of \w+\): /);
  assert.match(second, /cannot enter ".*\/py" \(mode 700 of \w+\): /);
  assert.deepEqual(rest, []);
});

test('findWarnings() tells of a database that Django could not write', (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'site1/wsgi.py': '',
    'site1/settings.py': "'ENGINE': 'django.db.backends.sqlite3'",
  });
  const app = found(dir, path.join(dir, 'site1/wsgi.py'), 'a Django app');
  assert.match(
    findWarnings(app, null, 'root').join('\n'),
    /settings\.py" keeps an SQLite database/,
  );
});

test('findWarnings() tells of a config file that the service does not read', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.py': '', 'gunicorn.conf.py': '' });
  const app = found(dir, path.join(dir, 'app.py'));
  const unread = /does not read ".*gunicorn\.conf\.py"/;
  assert.match(findWarnings(app, null, 'root').join(), unread);
  assert.doesNotMatch(findWarnings({ ...app, language: 'node' }, null, 'root').join(), unread);
});
