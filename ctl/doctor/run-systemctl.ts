import { execFile } from 'node:child_process';

/** What `systemctl show` says of a unit, by property; null when it cannot be asked. */
export function showUnit(
  unit: string,
  properties: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string> | null> {
  const args = ['show', unit, `--property=${properties.join(',')}`];
  // What hangs gets no chance to: it has nothing to lose.
  const options = { signal, timeout: 2500, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
  return new Promise((resolve) => {
    execFile('systemctl', args, options, (error, stdout) => {
      if (error) return resolve(null);
      const pairs = stdout.split('\n').flatMap((line): [string, string][] => {
        const at = line.indexOf('=');
        return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
      });
      resolve(new Map(pairs));
    });
  });
}
