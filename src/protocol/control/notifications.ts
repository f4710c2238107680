import { integer, type Of, object, oneOf, string } from '../../core/shape.ts';
import { eventView, logView, progressView } from './views.ts';

/** To a subscriber who did not read fast enough: nothing more comes of this topic. */
export const droppedView = object({
  topic: oneOf('events', 'log'),
  reason: string(),
  seq: integer('Number of the last one that was sent'),
});

/** What a server says without being asked for each time. */
export const notifications = {
  progress: progressView,
  event: eventView,
  log: logView,
  dropped: droppedView,
};

export type NotificationName = keyof typeof notifications;

export type Notifications = { [N in NotificationName]: Of<(typeof notifications)[N]> };
