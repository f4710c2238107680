import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import {
  modulesOf,
  type PythonServer,
  startPython,
  wsgiClasses,
} from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import { waitFor } from '../helpers/wait-for.ts';

// Apps that break PEP 3333: their own request is answered, or cut, in a way that nobody can take
// for a success, the log says why, and the next request is served as if nothing had been.

/** Answered 500, with a reason in the log. */
const refused = [
  ['text-body', /bytes/i],
  ['nothing', /None/],
  ['none-part', /bytes|None/],
  ['header-space', /X Bad/],
  ['header-colon', /X:Bad/],
  ['header-empty', /header/i],
  ['header-crlf-name', /X-Split/],
  ['header-crlf', /X-A/],
  ['header-lf', /X-A/],
  ['header-nul', /X-A/],
  ['header-unicode', /X-A|latin/],
  ['header-bytes', /str|X-A/],
  ['header-number', /str|X-A/],
  ['status-crlf', /status/i],
  ['status-word', /status/i],
  ['status-bytes', /status|str/i],
  ['never-starts', /start_response/],
  ['starts-twice', /start_response|start/i],
  ['raises', /raised by the app/],
] as const;

/** The connection ends before the answer does. */
const cut = ['text-later', 'promises-more', 'raises-later'];

/** They take their worker along: 502 and another worker. */
const deadly = ['exits', 'system-exit'];

async function expectsHealth({ target }: PythonServer): Promise<void> {
  await waitFor('the app to answer again', async () => {
    const answer = await get(target, '/').catch(() => undefined);
    return answer?.status === 200 && answer.body === 'fine';
  });
}

for (const kind of wsgiClasses) {
  test(`bad WSGI apps, ${kind}`, { skip: needsPython(...modulesOf(kind)) }, async (t) => {
    const server = await startPython(t, kind, 'wsgi_bad:app');
    const { target } = server;
    for (const [name, reason] of refused) {
      await t.test(`${name} is a 500 with a reason`, async () => {
        const before = server.log.length;
        const answer = await get(target, `/${name}`);
        assert.equal(answer.status, 500);
        assert.doesNotMatch(answer.raw, /X-Split|should not be seen|Traceback/i);
        await waitFor('the reason', () => reason.test(server.log.slice(before)), 3000);
        await expectsHealth(server);
      });
    }
    for (const name of cut) {
      await t.test(`${name} is cut`, async () => {
        const answer = await get(target, `/${name}`);
        assert.ok(!answer.complete || answer.status === 500, answer.raw);
        await expectsHealth(server);
      });
    }
    await t.test('strange-length is no success, or is left out', async () => {
      const answer = await get(target, '/strange-length');
      assert.ok(answer.status === 500 || answer.body === 'four');
      await expectsHealth(server);
    });
    await t.test('what is more than Content-Length is not sent', async () => {
      const answer = await get(target, '/sends-more');
      assert.ok(answer.status === 500 || answer.body === 'four');
      assert.equal(answer.rest, '');
      await expectsHealth(server);
    });
    for (const name of deadly) {
      await t.test(`${name} is a 502, and there is a new worker`, async () => {
        const answer = await get(target, `/${name}`);
        assert.ok([500, 502].includes(answer.status), answer.raw);
        await expectsHealth(server);
      });
    }
    await t.test('exits-later is cut', async () => {
      assert.equal((await get(target, '/exits-later')).complete, false);
      await expectsHealth(server);
    });
    for (const name of ['forks', 'forks-hard']) {
      await t.test(`${name} is served`, async () => {
        const begun = performance.now();
        assert.equal((await get(target, `/${name}`)).body, 'forked');
        assert.ok(performance.now() - begun < 2500);
        await expectsHealth(server);
      });
    }
  });
}
