import { readMemoryGroup } from '../core/memory-group.ts';

const countKills = (): number | null => readMemoryGroup('/', 'self')?.oomKills ?? null;

/** Who was killed when the kernel has counted one more was killed for want of memory. */
export class OomCount {
  #kills = countKills();

  hasGrown(): boolean {
    const kills = countKills();
    const more = kills !== null && kills > (this.#kills ?? 0);
    this.#kills = kills;
    return more;
  }
}
