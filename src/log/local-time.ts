export const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `+0100`: how far local time is from UTC. */
export function formatZone(at: Date): string {
  const offset = -at.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const hours = Math.floor(minutes / 60);
  return `${offset < 0 ? '-' : '+'}${twoDigits(hours)}${twoDigits(minutes % 60)}`;
}

/** `08:00:00` */
export const formatClock = (at: Date): string =>
  [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
