import { messageOf, TsgunError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { GatewayStart } from '../protocol/gateway.ts';
import type { ToWorker } from '../protocol/worker.ts';
import { openChannel } from '../runtime/channel.ts';
import { setTitle } from '../runtime/proc-title.ts';
import { verifyIdentity } from '../runtime/verify-identity.ts';
import { watchSignals } from '../runtime/watch-signals.ts';
import { Gateway, type GatewayExtras } from './gateway.ts';

// The main module of a gateway: waits for its orders, and serves Python workers to clients.

const channel = openChannel();

const log: Log = ({ level, message }) => channel.send({ type: 'log', level, message });

const early: ToWorker[] = [];
let obey = (message: ToWorker): void => void early.push(message);

channel.onMessage((message) => {
  if (message.type === 'start') void start(message as unknown as GatewayStart);
  else obey(message);
});

async function start(order: GatewayStart): Promise<void> {
  setTitle(`gateway ${order.slot}`, order.procName, 'booting');
  try {
    const mismatch = verifyIdentity(order.identity);
    if (mismatch !== null)
      throw new TsgunError('TSGUN_E_PRIVILEGES', `Cannot start a gateway: ${mismatch}`);
    if (order.umask !== null) process.umask(order.umask);
    const gateway = new Gateway(order, channel, await loadExtras(order));
    obey = (message) => gateway.obey(message);
    watch(gateway);
    for (const message of early) obey(message);
    await gateway.start();
  } catch (error) {
    await channel.sendLast({ type: 'failed', kind: 'boot', message: messageOf(error) });
    process.exit(1);
  }
}

function watch(gateway: Gateway): void {
  watchSignals({
    log,
    onTerm: () => channel.send({ type: 'leaving', why: 'was sent SIGTERM' }),
    onInterrupt: () => undefined, // to the whole group: the arbiter's word follows
  });
  process.on('exit', () => gateway.sayLastWords());
  Object.defineProperty(globalThis, Symbol.for('tsgun.autopsy'), {
    value: () => gateway.describeInFlight(),
  });
}

async function loadExtras({ access, statics }: GatewayStart): Promise<GatewayExtras> {
  const extras: GatewayExtras = { access: null, statics: null, log };
  if (access) {
    const { AccessLog } = await import('../log/access-log.ts');
    extras.access = new AccessLog({ ...access, log });
  }
  if (statics.length > 0) {
    const { Statics } = await import('./statics.ts');
    extras.statics = new Statics(statics);
  }
  return extras;
}
