import type { IncomingMessage, ServerResponse } from 'node:http';
import send from 'send';
import type { GatewayStart } from '../protocol/gateway.ts';
import { refuse } from './refusal.ts';

/** Folders whose files are served without asking the app. */
export class Statics {
  readonly #folders: GatewayStart['statics'];

  constructor(folders: GatewayStart['statics']) {
    // The longest prefix counts.
    this.#folders = folders.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** False when the path is none of ours. */
  serve(req: IncomingMessage, res: ServerResponse, path: string): boolean {
    const found = this.#folders.find(({ prefix }) => path.startsWith(prefix));
    if (!found) return false;
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      refuse(req, res, 405, ['Allow', 'GET, HEAD']);
      return true;
    }
    const options = { root: found.folder, dotfiles: 'ignore', index: false } as const;
    send(req, path.slice(found.prefix.length), options)
      .on('error', (error: { status?: number }) => refuse(req, res, error.status ?? 500))
      .on('directory', () => refuse(req, res, 404))
      .pipe(res);
    return true;
  }
}
