import { renderBash } from './bash.ts';
import { renderFish } from './fish.ts';
import { renderZsh } from './zsh.ts';

export const completionShells = ['bash', 'zsh', 'fish'] as const;

/** The script that lets a shell complete verbs, flags and names. */
export function renderCompletion(shell: (typeof completionShells)[number]): string {
  switch (shell) {
    case 'bash':
      return renderBash();
    case 'zsh':
      return renderZsh();
    case 'fish':
      return renderFish();
  }
}
