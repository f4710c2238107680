import { type ResolveHookSync, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

export type ScriptExports = Record<string, unknown>;

/**
 * What a script config says, by name: its default export, or what that function or promise gives,
 * counts; else its named exports do. Throws what the script throws.
 */
export async function importConfig(file: string): Promise<ScriptExports> {
  const module = await importFile(file);
  if (!('default' in module)) return { ...module };
  const exported = await module['default'];
  const config: unknown = typeof exported === 'function' ? await exported() : exported;
  if (typeof config !== 'object' || config === null) {
    throw new Error(
      `its default export is no object, but ${config === null ? 'null' : typeof config}`,
    );
  }
  return { ...config };
}

async function importFile(file: string): Promise<ScriptExports> {
  const hooks = registerHooks({ resolve: findOurselves });
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    hooks.deregister();
  }
}

/** `import { defineConfig } from 'tsgun'` needs no tsgun that is installed beside the file. */
const findOurselves: ResolveHookSync = (specifier, context, next) => {
  try {
    return next(specifier, context);
  } catch (error) {
    if (specifier !== 'tsgun') throw error;
    return { url: import.meta.resolve('tsgun'), shortCircuit: true };
  }
};
