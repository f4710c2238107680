import { findTool } from './launcher.ts';
import type { SpawnRequest } from './spawn.ts';

/**
 * The same program as nobody's child, in a session of its own. A service manager that is told of a
 * new main process has to be its parent, or it would not wait for it when it stops the service.
 * Without setsid(1) of util-linux the program stays our child.
 */
export function asOrphan(request: SpawnRequest): SpawnRequest {
  const tool = findTool('setsid');
  if (!tool) return { ...request, detached: true };
  const args = ['--fork', '--', request.file, ...request.args];
  return { ...request, file: tool, args, forks: true };
}
