import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StrictConnection } from '../../helpers/strict-client.ts';
import type { Row } from '../table.ts';
import { tsgunPython } from './servers.ts';

const count = 500;
const samples = 2000;

/** What a fast client sees, alone and beside 500 who upload and 500 who read slowly. */
export async function compareSlowClients(): Promise<Row[]> {
  const server = await tsgunPython('python_apps:transfer', '-w', '2', '-k', 'sync')();
  const crowd: net.Socket[] = [];
  try {
    await fastP99(server.port);
    const alone = await fastP99(server.port);
    for (let index = 0; index < count; index += 1)
      crowd.push(slowUploader(server.port), slowReader(server.port));
    await delay(3000);
    const crowded = await fastP99(server.port);
    const alive = crowd.filter((socket) => !socket.destroyed).length;
    return [
      {
        what: `p99 beside ${count} slow uploaders and ${count} slow readers`,
        measured: `alone ${alone.toFixed(2)} ms, beside ${alive} of them ${crowded.toFixed(2)} ms`,
        ratio: crowded / alone,
        target: 2,
        better: 'less',
      },
    ];
  } finally {
    for (const socket of crowd) socket.destroy();
    await server.stop();
  }
}

async function fastP99(port: number): Promise<number> {
  const times: number[] = [];
  const connection = await StrictConnection.open({ port });
  for (let index = 0; index < samples; index += 1) {
    const begun = performance.now();
    await connection.get('/');
    times.push(performance.now() - begun);
  }
  connection.close();
  return times.toSorted((a, b) => a - b)[Math.floor(samples * 0.99)] ?? Number.NaN;
}

/** 100 KiB, of which a few bytes come each second. */
function slowUploader(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST / HTTP/1.1\r\nHost: slow\r\nContent-Length: 102400\r\n\r\n');
  const timer = setInterval(() => socket.write('0123456789'), 1000);
  socket.on('close', () => clearInterval(timer));
  return socket;
}

/** An answer of 1 MiB, of which it takes what the kernel takes. */
function slowReader(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /?1 HTTP/1.1\r\nHost: slow\r\n\r\n');
  return socket;
}
