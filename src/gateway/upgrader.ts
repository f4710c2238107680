import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Head } from './request-head.ts';

export interface Handshake {
  req: IncomingMessage;
  socket: Socket;
  /** What the client has sent after its request. */
  early: Buffer;
  head: Head;
}

/** What an app says when it accepts. */
export interface Acceptance {
  /** Empty: none. */
  subprotocol: string;
  /** Name, value, name, value ... */
  fields: readonly string[];
}

/** A client that does not answer a close is cut off. */
const closeMs = 5000;

/** Completes handshakes that an app has accepted. */
export class Upgrader {
  readonly mostBytes: number;
  readonly #server: WebSocketServer;
  /** Only during the call of `upgrade`, which is over before anything else happens. */
  #acceptance: Acceptance = { subprotocol: '', fields: [] };

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: mostBytes,
      ...({ closeTimeout: closeMs } as object), // unknown to the types
      perMessageDeflate: { threshold: 1024 },
      handleProtocols: () => this.#acceptance.subprotocol || false,
    });
    this.#server.on('headers', (headers) => headers.push(...lines(this.#acceptance.fields)));
  }

  /** Null when the client has gone, or its handshake was none (it is answered then). */
  upgrade({ req, socket, early }: Handshake, acceptance: Acceptance): WebSocket | null {
    this.#acceptance = acceptance;
    let upgraded: WebSocket | null = null;
    this.#server.handleUpgrade(req, socket, early, (webSocket) => {
      upgraded = webSocket;
    });
    return upgraded;
  }
}

function lines(fields: readonly string[]): string[] {
  const made: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    made.push(`${fields[index]}: ${fields[index + 1]}`);
  }
  return made;
}
