import { TsgunError } from '../core/errors.ts';
import { closeOnExec, isListening } from '../native/sockets.ts';

export interface Inherited {
  fd: number;
  name: string;
}

/** Keeps descriptors for our next life; false when it cannot. */
export interface Store {
  keep(listening: readonly Inherited[]): boolean;
}

/** The first descriptor that is passed: sd_listen_fds(3). */
const first = 3;
const most = 4096;

/**
 * Descriptors passed by `LISTEN_FDS`, from systemd or an older tsgun, when they are meant for
 * process `pid`; the variables are removed from `env`. Throws TSGUN_E_BIND when one of them does not
 * listen.
 */
export function takeInherited(env: NodeJS.ProcessEnv, pid: number): Inherited[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDS'];
  delete env['LISTEN_FDNAMES'];
  delete env['LISTEN_PIDFDID'];
  const count = Number(LISTEN_FDS);
  if (Number(LISTEN_PID) !== pid || !Number.isInteger(count) || count < 1 || count > most)
    return [];
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, index) => {
    const fd = first + index;
    if (!isListening(fd)) throw notListening(fd);
    closeOnExec(fd);
    return { fd, name: names[index] ?? 'unknown' };
  });
}

const notListening = (fd: number): TsgunError =>
  new TsgunError(
    'TSGUN_E_BIND',
    `Cannot listen on inherited descriptor ${fd}: it is no listening socket`,
  );
