import { request } from 'node:http';
import { errnoOf, messageOf } from '../../src/core/errors.ts';

export type Target = { socketPath: string } | { host: string; port: number };

/** Where a client on this machine reaches an address; null for one that names no place. */
export function targetOf(address: string): Target | null {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) };
  const [, v6, name = '', port] =
    /^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:/]*)):(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined) return null;
  return { host: loopbackOf(v6 ?? name), port: Number(port) };
}

/** What means every interface is no destination. */
function loopbackOf(host: string): string {
  if (host === '' || host === '0.0.0.0' || host === '*') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

export interface Finding {
  kind: 'answered' | 'complained' | 'failed';
  text: string;
}

const longestMs = 2000;

/** Whether an HTTP request is answered; never rejects. */
export function probe(target: Target, signal: AbortSignal): Promise<Finding> {
  const begun = performance.now();
  let connected = false;
  return new Promise((resolve) => {
    const headers = { Connection: 'close', Host: 'localhost', 'User-Agent': 'tsgunctl-doctor' };
    const req = request({ ...target, method: 'HEAD', path: '/', agent: false, headers, signal });
    const settle = (finding: Finding) => {
      clearTimeout(timer);
      resolve(finding);
      req.destroy();
    };
    const timer = setTimeout(() => settle(silence(connected)), longestMs);
    req.once('socket', (socket) => {
      socket.once('connect', () => {
        connected = true;
      });
    });
    req.once('response', ({ statusCode = 0 }) => settle(judge(statusCode, begun)));
    req.on('error', (error) => settle(describe(error, connected)));
    req.end();
  });
}

function judge(status: number, begun: number): Finding {
  const text = `answers with ${status} in ${Math.round(performance.now() - begun)} ms`;
  return { kind: status < 500 ? 'answered' : 'complained', text };
}

const silence = (connected: boolean): Finding => ({
  kind: 'failed',
  text: connected
    ? `does not answer a request within ${longestMs / 1000} s`
    : `cannot be connected to within ${longestMs / 1000} s`,
});

function describe(error: Error, connected: boolean): Finding {
  const errno = errnoOf(error) ?? '';
  if (connected && errno.startsWith('HPE_')) {
    return { kind: 'complained', text: 'takes connections, but does not speak HTTP' };
  }
  const why = connected ? 'cuts the connection without an answer' : 'cannot be connected to';
  return { kind: 'failed', text: `${why}: ${messageOf(error)}` };
}
