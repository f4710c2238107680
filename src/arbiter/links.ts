import { randomBytes } from 'node:crypto';
import { closeListener, listenAbstract } from '../sockets/abstract.ts';

/** Where the workers of one gateway slot dial. */
export interface Link {
  name: string;
  token: string;
  /** It listens, in the arbiter, so that it outlives gateways. */
  fd: number;
}

interface Edge {
  links: Link[];
  holders: Set<number>;
}

/** The links of every edge that some generation needs: generations with the same edge share them. */
export class Links {
  readonly #edges = new Map<string, Edge>();

  hold(generation: number, edge: string, gateways: number): readonly Link[] {
    if (gateways === 0) return [];
    const known = this.#edges.get(edge);
    const links = known?.links ?? Array.from({ length: gateways }, openLink);
    const holders = known?.holders ?? new Set<number>();
    this.#edges.set(edge, { links, holders: holders.add(generation) });
    return links;
  }

  release(generation: number): void {
    for (const [edge, { links, holders }] of this.#edges) {
      holders.delete(generation);
      if (holders.size > 0) continue;
      this.#edges.delete(edge);
      for (const { fd } of links) closeListener(fd);
    }
  }
}

function openLink(): Link {
  const name = `tsgun-${randomBytes(16).toString('hex')}`;
  return { name, token: randomBytes(16).toString('hex'), fd: listenAbstract(name) };
}
