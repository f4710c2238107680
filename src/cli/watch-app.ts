import path from 'node:path';
import type { Instance } from '../arbiter/instance.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { Settings } from '../settings/table.ts';

/** `reload`: whoever develops the app need not say when. */
export async function watchApp(
  settings: Settings,
  { clock, log, instance }: { clock: Clock; log: Log; instance: Instance },
): Promise<void> {
  const { app, chdir, config, reloadExtraFiles } = settings;
  const appFolder = path.dirname(path.resolve(chdir, app ?? '.'));
  const folder = appFolder.startsWith(chdir) ? chdir : appFolder;
  const onError = (error: unknown) =>
    log({ level: 'error', message: `Cannot watch "${folder}": ${messageOf(error)}` });
  const { watchFiles } = await import('../arbiter/watch-files.ts');
  await watchFiles({
    folder,
    extra: [...reloadExtraFiles, ...(config === null ? [] : [config])],
    clock,
    onReady: () => log({ level: 'info', message: `Watching "${folder}" for changes` }),
    onError,
    onChange(file) {
      log({ level: 'info', message: `Changed: ${file}` });
      instance.obey({ command: 'reload' });
    },
  }).catch(onError);
}
