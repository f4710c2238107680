import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pythonWith } from '../../helpers/python.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { answers, apps, freePort, main } from '../servers.ts';

export interface PythonServer {
  port: number;
  /** Roots of all process trees that belong to it. */
  pids: number[];
  dir: string;
  stop(): Promise<void>;
}

export type StartPythonServer = () => Promise<PythonServer>;

/** The same for all of them. */
const python = (): string => pythonWith('flask', 'gunicorn', 'httptools', 'uvicorn', 'uvloop');

type Command = (place: { port: number; dir: string; bind: string }) => string[][];

/** Starts commands in a folder of their own, the last of them answering on the port. */
const server =
  (command: Command): StartPythonServer =>
  async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'tsgun-bench-'));
    const port = await freePort();
    const children: ChildProcess[] = [];
    for (const words of command({ port, dir, bind: `127.0.0.1:${port}` })) {
      children.push(launch(words, dir));
    }
    const stop = async () => {
      for (const child of children) await end(child);
      rmSync(dir, { recursive: true, force: true });
    };
    try {
      await waitFor('an answer', () => answers(port), 20_000);
    } catch (error) {
      await stop();
      throw error;
    }
    return { port, pids: children.map(({ pid }) => pid ?? 0), dir, stop };
  };

function launch([file = '', ...args]: string[], dir: string): ChildProcess {
  const { PATH, HOME } = process.env;
  return spawn(file, args, {
    cwd: dir,
    env: { PATH, HOME, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: apps, TSGUN_RUN_DIR: dir },
    stdio: process.env['BENCH_DEBUG'] ? 'inherit' : 'ignore',
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}

export const tsgunPython = (app: string, ...args: string[]): StartPythonServer =>
  server(({ bind }) => {
    return [
      [process.execPath, main, '--python', python(), '-b', bind, '--chdir', apps, ...args, app],
    ];
  });

export const gunicorn = (app: string, ...args: string[]): StartPythonServer =>
  server(({ bind }) => {
    return [[python(), '-m', 'gunicorn', '-b', bind, '--chdir', apps, ...args, app]];
  });

export const uwsgi = (app: string): StartPythonServer =>
  server(({ bind }) => {
    const [module = '', callable = ''] = app.split(':');
    const workers = ['--master', '--processes', '2', '--need-app', '--disable-logging'];
    const where = ['--plugin', 'python3', '--http11-socket', bind, '--pythonpath', apps];
    return [['uwsgi', ...where, ...workers, '--module', module, '--callable', callable]];
  });

export const uvicorn = (app: string): StartPythonServer =>
  server(({ port }) => {
    const quiet = ['--no-access-log', '--log-level', 'warning'];
    const fast = ['--loop', 'uvloop', '--http', 'httptools', '--workers', '2'];
    const place = ['--port', String(port), '--app-dir', apps];
    return [[python(), '-m', 'uvicorn', ...place, ...fast, ...quiet, app]];
  });

/** nginx in front of Gunicorn's sync workers, over a Unix socket: what people run today. */
export const nginxGunicorn = (app: string): StartPythonServer =>
  server(({ port, dir }) => {
    const socket = path.join(dir, 'app.sock');
    const config = path.join(dir, 'nginx.conf');
    writeFileSync(config, nginxConfig(dir, port, socket));
    const bind = ['-b', `unix:${socket}`];
    return [
      [python(), '-m', 'gunicorn', ...bind, '--chdir', apps, '-w', '2', app],
      ['nginx', '-p', dir, '-c', config],
    ];
  });

function nginxConfig(dir: string, port: number, socket: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off; worker_processes 2; pid ${dir}/nginx.pid; error_log /dev/null;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 4096; }
    http {
      access_log off; client_max_body_size 0; proxy_max_temp_file_size 2048m;
      ${folders.map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
      upstream app { server unix:${socket}; }
      server {
        listen 127.0.0.1:${port};
        keepalive_requests 1000000;
        location / { proxy_pass http://app; proxy_set_header Host $host; }
      }
    }`;
}
