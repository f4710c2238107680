/** Why a worker left: decided once, shared by log, status and events. */
export type ExitReason =
  | 'reload'
  | 'scaled'
  | 'recycled-requests'
  | 'recycled-memory'
  | 'recycled-age'
  | 'requested' // the worker was told to leave by a signal of its own
  | 'timeout'
  | 'overdue' // one of its requests took longer than request_timeout
  | 'boot-timeout'
  | 'boot-failed'
  | 'crashed'
  | 'oom'
  | 'stopped';
