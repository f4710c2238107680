import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BoxNetwork } from './box-network.ts';
import { missingTools } from './tool.ts';

const sysbox = path.join(import.meta.dirname, 'sysbox');
const uid = process.getuid?.() ?? 0;
/** Kept from run to run: base roots take their time. Boxes leave nothing in it. */
const home = path.join(tmpdir(), `tsgun-system-${uid}`);
/** What a server has that is to run tsgun, Python apps and logrotate. */
const packages = 'libatomic1,libstdc++6,logrotate,passwd,python3,python3-flask,rpm';
/** Another list is another root. */
const base = path.join(home, `base-${packages.replaceAll(/[^\w]+/g, '-')}`);

export const suites = ['bookworm', 'trixie'] as const;
export type Suite = (typeof suites)[number];

/** Why there can be no box on this machine; false where there can. */
export function whyNoBox(): string | false {
  if (uid !== 0) return 'needs root';
  const missing = missingTools('systemd-nspawn', 'mmdebstrap', 'zstd', 'nsenter', 'setpriv');
  if (missing) return missing;
  const trees = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
  const isThere = trees.some((tree) => existsSync(path.join(tree, 'cgroup.procs')));
  return !isThere && 'needs cgroup v2';
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A clean Debian that has just booted with systemd; it ends with this process at the latest. */
export class Box {
  readonly suite: Suite;
  readonly name: string;
  #network: BoxNetwork | null = null;

  constructor(suite: Suite) {
    this.suite = suite;
    this.name = `${suite}-${process.pid}`;
  }

  async boot(): Promise<void> {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    await call(['create', base, this.suite], 300_000);
    await call(['boot', this.name, base, this.suite], 90_000);
  }

  /** The network of the box, for programs of this machine. */
  get network(): BoxNetwork {
    this.#network ??= new BoxNetwork([sysbox, 'net', this.name, '--'], environment());
    return this.#network;
  }

  /** What a command of the shell says; any exit code but 0 is an error. */
  async run(command: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(command, input);
    if (code === 0) return stdout.trimEnd();
    throw new Error(`Exit code ${code} of: ${command}\n${stdout}${stderr}`);
  }

  async try(command: string, input = ''): Promise<Ran> {
    // In a session of its own: "kill 0" would reach out of the box, to us.
    const args = ['exec', this.name, '--', 'setsid', '--wait', 'sh', '-c', command];
    return spawnBounded(args, 120_000, input);
  }

  async write(file: string, text: string): Promise<void> {
    await this.run(`mkdir -p '${path.dirname(file)}' && cat >'${file}'`, text);
  }

  /** The path of a socket in the box for clients of this machine: connect(2) follows it. */
  async path(inBox: string): Promise<string> {
    const { stdout } = await spawnBounded(['pid', this.name], 10_000);
    return `/proc/${stdout.trim()}/root${inBox}`;
  }

  /** A file, or what is in a folder. */
  async copy(source: string, destination: string): Promise<void> {
    await call(['copy', this.name, source, destination], 60_000);
  }

  async reboot(): Promise<void> {
    await this.#leaveNetwork();
    await call(['reboot', this.name], 90_000);
  }

  async end(): Promise<void> {
    await this.#leaveNetwork();
    await call(['kill', this.name], 30_000);
  }

  async #leaveNetwork(): Promise<void> {
    await this.#network?.close();
    this.#network = null;
  }
}

/** The box dies with this process, however that dies. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  SYSBOX_HOME: home,
  SYSBOX_INCLUDE: packages,
  SYSBOX_OWNER: String(process.pid),
});

async function call(args: readonly string[], timeoutMs: number): Promise<void> {
  const { code, stdout, stderr } = await spawnBounded(args, timeoutMs);
  if (code !== 0)
    throw new Error(`sysbox ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
}

function spawnBounded(args: readonly string[], timeoutMs: number, input = ''): Promise<Ran> {
  const options = {
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    env: environment(),
  };
  return new Promise((resolve, reject) => {
    const child = execFile(sysbox, args, options, (error, stdout, stderr) => {
      if (error && (error.killed || typeof error.code !== 'number')) reject(error);
      else resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined); // a command that does not read is no error
    child.stdin?.end(input);
  });
}
