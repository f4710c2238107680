import type { FromGateway } from '../protocol/gateway.ts';
import type { FromWorker, ToWorker } from '../protocol/worker.ts';

/** The child's end of its line to the arbiter. */
export interface Channel {
  send(message: FromWorker | FromGateway): void;
  /** Settles when the message has left this process. */
  sendLast(message: FromWorker): Promise<void>;
  onMessage(listener: (message: ToWorker) => void): void;
  /** Whether the channel alone keeps the process alive. */
  hold(alive: boolean): void;
}

/** Takes the channel away from the app, which must not speak in our name. */
export function openChannel(): Channel {
  const send = process.send?.bind(process);
  const channel = process.channel;
  if (!send || !channel) {
    process.stderr.write('This is a part of tsgun, which starts it itself\n');
    process.exit(1);
  }
  process.once('disconnect', () => process.exit(0)); // nobody is left who could replace us
  process.send = () => false;
  process.disconnect = () => undefined;
  return {
    send(message) {
      if (process.connected) send(message, undefined, undefined, () => undefined);
    },
    sendLast: (message) =>
      new Promise((resolve) => {
        if (!process.connected) return resolve();
        send(message, undefined, undefined, () => resolve());
      }),
    onMessage(listener) {
      process.on('message', (message) => listener(message as ToWorker));
    },
    hold(alive) {
      if (alive) channel.ref();
      else channel.unref();
    },
  };
}
