import type { Log } from '../core/logger.ts';
import type { ServerView } from '../protocol/config-host.ts';
import type { Notice } from './event.ts';
import type { Generation } from './generation.ts';

export interface HooksOptions {
  log: Log;
  server(): ServerView;
  /** The generation whose hooks count now. */
  current(): Generation;
}

/** Runs the operator's arbiter-side hooks; nothing they do can reach the arbiter. */
export class Hooks {
  readonly #options: HooksOptions;

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /** Settles, never rejects, when the hook has run, failed or was cut off; null without the hook. */
  run(
    name: string,
    extra: unknown[] = [],
    generation = this.#options.current(),
  ): Promise<void> | null {
    const { script, settings } = generation;
    if (!script?.functions.includes(name)) return null;
    const args = [this.#options.server(), ...extra];
    return script.call(name, args, settings.hookTimeout * 1000).then((end) => {
      if (end.outcome === 'failed') this.#complain(`Hook "${name}" failed: ${end.stack}`);
      if (end.outcome === 'timeout')
        this.#complain(`Hook "${name}" was cut off after ${settings.hookTimeout} s`);
    });
  }

  /** The last hook, after those that still wait. */
  async end(): Promise<void> {
    await this.run('onExit');
    const { script, settings } = this.#options.current();
    await script?.finish(settings.hookTimeout * 1000);
  }

  /** The hooks that only tell what has happened. */
  onNotice(notice: Notice): void {
    switch (notice.notice) {
      case 'serving':
        void this.run('whenReady');
        return;
      case 'reload-started':
        void this.run('onReload');
        return;
      case 'worker-exited': {
        const { notice: _, ...worker } = notice;
        void this.run('childExit', [worker]);
        return;
      }
      case 'scaled':
        void this.run('nworkersChanged', [notice.to, notice.from]);
        return;
      default:
    }
  }

  #complain(message: string): void {
    this.#options.log({ level: 'error', message });
  }
}
