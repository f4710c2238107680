import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { apps, main, spawnNode } from './servers.ts';
import { median } from './table.ts';

/** Milliseconds from spawn to the end of `node -e 0`, and to tsgun's first answer. */
export async function compareStart(rounds: number): Promise<{ node: number; tsgun: number }> {
  const node: number[] = [];
  const tsgun: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const measures = [
      async () => node.push(await timeNode()),
      async () => tsgun.push(await timeTsgun()),
    ];
    for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure();
  }
  return { node: median(node), tsgun: median(tsgun) };
}

async function timeNode(): Promise<number> {
  const begun = performance.now();
  await once(spawnNode(['-e', '0']), 'exit');
  return performance.now() - begun;
}

async function timeTsgun(): Promise<number> {
  const socket = path.join(tmpdir(), `tsgun-bench-${process.pid}.sock`);
  const begun = performance.now();
  const child = spawnNode([main, '-b', `unix:${socket}`, path.join(apps, 'hello.js')]);
  await firstAnswer(socket);
  const took = performance.now() - begun;
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(socket, { force: true });
  return took;
}

/** Connecting is tried every half millisecond; who is connected waits for the worker. */
async function firstAnswer(socketPath: string): Promise<void> {
  for (;;) {
    const socket = net.connect(socketPath);
    try {
      await once(socket, 'connect');
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await once(socket, 'data');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 0.5));
    } finally {
      socket.destroy();
    }
  }
}
