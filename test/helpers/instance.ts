import type { Box } from './box.ts';
import { waitFor } from './wait-for.ts';

export interface InstanceOptions {
  /** In /srv/NAME. */
  files: Readonly<Record<string, string>>;
  /** Lines of /etc/tsgun/NAME.toml; `chdir` is /srv/NAME. */
  settings?: readonly string[];
  /** Lines of a drop-in for tsgun@NAME.service. */
  dropIn?: readonly string[];
}

/** tsgun@NAME in a box: its files, what systemd says of it, and its log. */
export class BoxInstance {
  readonly box: Box;
  readonly name: string;

  constructor(box: Box, name: string) {
    this.box = box;
    this.name = name;
  }

  get unit(): string {
    return `tsgun@${this.name}.service`;
  }

  get socket(): string {
    return `/run/tsgun/${this.name}/control.sock`;
  }

  async write({ files, settings = ["app = 'app.js'"], dropIn }: InstanceOptions): Promise<void> {
    const { box, name } = this;
    for (const [file, text] of Object.entries(files)) await box.write(`/srv/${name}/${file}`, text);
    await this.configure(settings);
    if (dropIn) await this.override(dropIn);
  }

  configure(settings: readonly string[]): Promise<void> {
    const lines = [`chdir = '/srv/${this.name}'`, ...settings];
    return this.box.write(`/etc/tsgun/${this.name}.toml`, `${lines.join('\n')}\n`);
  }

  /** As `systemctl edit` does. */
  async override(lines: readonly string[]): Promise<void> {
    const file = `/etc/systemd/system/${this.unit}.d/override.conf`;
    await this.box.write(file, `${lines.join('\n')}\n`);
    await this.box.run('systemctl daemon-reload');
  }

  async start(options: InstanceOptions): Promise<void> {
    await this.write(options);
    await this.systemctl('start');
  }

  systemctl(verb: string): Promise<string> {
    return this.box.run(`systemctl ${verb} ${this.unit}`);
  }

  ctl(command: string): Promise<string> {
    return this.box.run(`tsgunctl -s ${this.socket} ${command}`);
  }

  /** A property of the unit. */
  show(property: string): Promise<string> {
    return this.box.run(`systemctl show -P ${property} ${this.unit}`);
  }

  async mainPid(): Promise<number> {
    return Number(await this.show('MainPID'));
  }

  /** Pids of its workers. */
  async workers(): Promise<number[]> {
    const pids = await this.box.try(`pgrep -f '^tsgun: worker' -P ${await this.mainPid()}`);
    return pids.stdout.split('\n').filter(Boolean).map(Number);
  }

  /** Until so many requests are being answered. */
  async waitForRequests(count: number): Promise<void> {
    await waitFor(`${count} requests in flight`, async () => {
      const { stdout } = await this.box.try(`tsgunctl -s ${this.socket} --no-header requests`);
      return stdout.split('\n').filter(Boolean).length === count;
    });
  }

  /** Its messages since the box has booted. */
  log(): Promise<string> {
    return this.box.run(`journalctl -b -q -o cat -u ${this.unit}`);
  }

  async waitForLog(pattern: RegExp): Promise<void> {
    await waitFor(`${pattern} in the log`, async () => pattern.test(await this.log()));
  }

  async waitForState(state: string): Promise<void> {
    await waitFor(`${this.unit} to be ${state}`, async () => {
      const now = await this.show('ActiveState');
      return now === state;
    });
  }
}
