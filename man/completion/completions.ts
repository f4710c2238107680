import { renderBash } from './bash.ts';
import { renderFish } from './fish.ts';
import { renderZsh } from './zsh.ts';

/** Scripts that let shells complete the command line of `tsgun`, by their paths below `man`. */
export const makeCompletions = (): Map<string, string> =>
  new Map([
    ['completions/tsgun.bash', renderBash()],
    ['completions/_tsgun', renderZsh()],
    ['completions/tsgun.fish', renderFish()],
  ]);
