import { duration, int } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const httpSettings = {
  keepalive: setting<number>({
    schema: duration(),
    default: 2,
    onReload: 'generation',
    aliases: ['keep-alive'],
    summary: 'Time an idle connection is kept for its next request',
  }),
  limitRequestLine: setting<number>({
    schema: int(),
    default: 4094,
    onReload: 'generation',
    summary: 'Longest request line in bytes; 0 unlimited',
  }),
  limitRequestFields: setting<number>({
    schema: int({ min: 1, max: 32_768 }),
    default: 100,
    onReload: 'generation',
    summary: 'Most header fields of a request',
  }),
  limitRequestFieldSize: setting<number>({
    schema: int(),
    default: 8190,
    onReload: 'generation',
    aliases: ['limit-request-field_size'],
    summary: 'Longest header field in bytes; 0 unlimited',
  }),
};
