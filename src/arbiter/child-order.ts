import type { ChildCommand, ChildOrder } from './child-command.ts';
import { gatewayRequest, gatewayStart } from './gateway-command.ts';
import { pythonRequest, pythonStart } from './python-command.ts';
import type { Role } from './state.ts';
import { workerRequest, workerStart } from './worker-command.ts';

/** How a child of each kind is started. */
export function orderChild(role: Role, command: ChildCommand): ChildOrder {
  if (role === 'gateway') return { request: gatewayRequest(command), start: gatewayStart(command) };
  return command.generation.language === 'python'
    ? { request: pythonRequest(command), start: pythonStart(command) }
    : { request: workerRequest(command), start: workerStart(command) };
}
