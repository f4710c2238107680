import { integer, nullable, object } from '../../core/shape.ts';

const group = object({
  usedBytes: nullable(integer('With what the kernel keeps of files; null if it does not say')),
  limitBytes: nullable(integer('The tightest one from the group up to the root')),
  oomKills: nullable(integer('Processes that were killed for want of memory')),
});

/** What processes have in memory (RSS), and what their control group counts, if there is one. */
export const memoryView = object({
  arbiterBytes: integer(),
  workersBytes: integer('Of gateways too'),
  group: nullable(group),
});
