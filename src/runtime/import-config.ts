import { pathToFileURL } from 'node:url';

export type ScriptExports = Record<string, unknown>;

/**
 * What a script config says, by name: its default export, or what that function or promise gives,
 * counts; else its named exports do. Throws what the script throws.
 */
export async function importConfig(file: string): Promise<ScriptExports> {
  const module: ScriptExports = await import(pathToFileURL(file).href);
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
