import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl } from '../helpers/control.ts';
import { cpuTicks } from '../helpers/cpu-time.ts';
import { startTsgun, type Tsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

/** Writes to the channel of its worker, which is the last descriptor that it was started with. */
const app = `
import { readdirSync, readlinkSync, writeSync } from 'node:fs';
const isSocket = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd).startsWith('socket:'); } catch { return false; } };
const channel = readdirSync('/proc/self/fd').map(Number).filter(isSocket).at(-1);
const say = (text) => { try { return writeSync(channel, text); } catch (error) { if (error.code !== 'EAGAIN') throw error; return 0; } };
let flood = '';
setInterval(() => { for (const end = Date.now() + 5; flood && Date.now() < end; ) if (!say(flood)) break; }, 10);
export default (req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://app');
  const text = searchParams.get('text') ?? '';
  if (pathname === '/say') say(text + '\\n');
  if (pathname === '/flood') flood = text;
  res.end('ok');
};`;

async function start(t: TestContext): Promise<{ tsgun: Tsgun; control: ControlClient }> {
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': app });
  const tsgun = await startTsgun(t, ['-w', '1', 'app.mjs'], { cwd });
  return { tsgun, control: await connectControl(t, tsgun) };
}

const tell = ({ port }: Tsgun, path: 'say' | 'flood', text: string) =>
  fetchOnce({ port }, `/${path}?text=${encodeURIComponent(text)}`);

const beat = (value: string) =>
  `{"type":"beat","inFlight":${value},"requests":${value},"connections":${value},"rssBytes":${value},"lagMs":${value},"cpuMs":${value},"latencies":[]}`;

const garbage = [
  'no JSON {',
  '',
  'null',
  '[]',
  '{"type":{"toString":1}}',
  '{"type":"__proto__"}',
  '{"type":["beat"]}',
  '{"cmd":"NODE_HANDLE","type":"net.Socket"}',
  '{"cmd":"NODE_HANDLE","type":"nonsense"}',
  '{"cmd":"NODE_HANDLE_ACK"}',
  '{"cmd":"NODE_HANDLE_NACK"}',
  '{"upgrade":"ready"}',
  beat('NaN'),
  beat('-1'),
  beat('1e308'),
  beat('"1"'),
  '{"type":"parked"}',
  '{"type":"ready"}',
  '{"type":"failed","message":"never"}',
  '{"type":"drained"}',
  '{"type":"requests","id":1,"requests":[{}]}',
];

test('what an app writes to the channel of its worker reaches nobody and stops nothing', async (t) => {
  const { tsgun, control } = await start(t);
  const [worker] = tsgun.workers();
  for (const line of garbage) await tell(tsgun, 'say', line);
  await tell(tsgun, 'say', '{"type":"log","level":"info","message":"the end of the garbage"}');
  await tsgun.waitForLog(/the end of the garbage/);
  assert.deepEqual(tsgun.workers(), [worker]);
  assert.doesNotMatch(tsgun.log, /CRITICAL|ERROR|Unexpected/);
  const { workers, traffic, mode } = await control.call('status', {});
  assert.deepEqual([mode, workers.ready, workers.parked], ['serving', 1, 0]);
  for (const count of [traffic.inFlight, traffic.connections, traffic.requests])
    assert.ok(Number.isInteger(count) && count < 1000, `${count}`);
});

for (const [what, text] of [
  ['beats', `${beat('0')}\n`.repeat(20)],
  ['garbage', 'no JSON {\n'.repeat(100)],
  ['words that nobody has asked for', '{"type":"unparked"}\n'.repeat(100)],
  ['a line without end', 'x'.repeat(4000)],
] as const) {
  test(`a flood of ${what} on the channel costs the arbiter next to no time`, async (t) => {
    const { tsgun, control } = await start(t);
    const { seq } = (await control.call('stats', {})).events;
    await tell(tsgun, 'flood', text);
    const ticks = cpuTicks(tsgun.pid);
    const begun = performance.now();
    const waits: number[] = [];
    await waitFor('a second of flood', async () => {
      const asked = performance.now();
      await control.call('status', {});
      waits.push(performance.now() - asked);
      return performance.now() - begun > 1000;
    });
    const share = ((cpuTicks(tsgun.pid) - ticks) * 10) / (performance.now() - begun);
    const median = waits.toSorted((a, b) => a - b)[waits.length >> 1] ?? 0;
    assert.ok(median < 50, `median ${median} ms`);
    assert.ok(share < 0.7, `${share} of a processor`);
    const { events } = await control.call('stats', {});
    assert.equal(events.seq, seq);
    assert.doesNotMatch(tsgun.log, /CRITICAL/);
  });
}
