/** What systemd tells a service about itself by its environment: systemd.exec(5). */
export interface ServiceEnvironment {
  /** A path, or `@name` for an abstract socket: sd_notify(3). */
  notifySocket: string;
  /** Silence for this long is death: sd_watchdog_enabled(3). Null without a watchdog. */
  watchdogMs: number | null;
  /** Descriptors that systemd keeps for us: FileDescriptorStoreMax=. */
  storeMax: number;
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'FDSTORE'] as const;

/**
 * Takes it out of `env`, so that no child speaks for us; null when nobody listens. A watchdog for
 * another process than `pid` is none of ours.
 */
export function takeServiceEnvironment(
  env: NodeJS.ProcessEnv,
  pid: number,
): ServiceEnvironment | null {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, FDSTORE } = env;
  for (const name of names) delete env[name];
  if (!NOTIFY_SOCKET) return null;
  const isWatched = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const watchdogUs = isWatched ? readCount(WATCHDOG_USEC) : 0;
  return {
    notifySocket: NOTIFY_SOCKET,
    watchdogMs: watchdogUs === 0 ? null : watchdogUs / 1000,
    storeMax: readCount(FDSTORE),
  };
}

/** For a program that succeeds us as this service. */
export const formatServiceEnvironment = ({
  notifySocket,
  watchdogMs,
  storeMax,
}: ServiceEnvironment): Record<string, string> => ({
  NOTIFY_SOCKET: notifySocket,
  ...(watchdogMs === null ? {} : { WATCHDOG_USEC: String(Math.round(watchdogMs * 1000)) }),
  FDSTORE: String(storeMax),
});

const readCount = (text = ''): number => (/^\d{1,15}$/.test(text) ? Number(text) : 0);
