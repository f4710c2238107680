import { excerpt, type FoundApp } from './found-app.ts';

/** An app as the text of one module shows it. */
export interface PythonApp extends Pick<FoundApp, 'kind' | 'style' | 'line'> {
  /** What follows `module:`. */
  expression: string;
}

type Kind = Pick<PythonApp, 'kind' | 'style'>;

/** What makes an app, and of which package it has to come. */
const makers: Readonly<Record<string, Kind & { of: string }>> = {
  Flask: { of: 'flask', kind: 'a Flask app', style: 'wsgi' },
  FastAPI: { of: 'fastapi', kind: 'a FastAPI app', style: 'asgi' },
  Starlette: { of: 'starlette', kind: 'a Starlette app', style: 'asgi' },
  Quart: { of: 'quart', kind: 'a Quart app', style: 'asgi' },
  Litestar: { of: 'litestar', kind: 'a Litestar app', style: 'asgi' },
  Bottle: { of: 'bottle', kind: 'a Bottle app', style: 'wsgi' },
  get_wsgi_application: { of: 'django', kind: 'a Django app', style: 'wsgi' },
  get_asgi_application: { of: 'django', kind: 'a Django app', style: 'asgi' },
  // Of Django Channels, around the app of Django.
  ProtocolTypeRouter: { of: 'channels', kind: 'a Django app', style: 'asgi' },
};

const makerCall = new RegExp(`(?:^|[^\\w.])(?:[\\w.]+\\.)?(${Object.keys(makers).join('|')})\\(`);

const factoryName = /^(?:create|make|build|get)_(?:app|application)$|^app_factory$/;

const unknownKinds = { wsgi: 'a WSGI app', asgi: 'an ASGI app', null: 'a Python app' } as const;

/** The apps at the top of a module. `usual` says what it is called for: `wsgi.py`, `asgi.py`. */
export function findPythonApps(source: string, usual: PythonApp['style']): PythonApp[] {
  const text = withoutDocs(source);
  const factories = findFactories(text);
  const apps = text.split('\n').flatMap((line) => {
    const app =
      readAssignment(line, text, factories) ?? readCallable(line) ?? readUsual(line, usual);
    return app === null ? [] : [{ line: excerpt(line), ...app }];
  });
  const all = [...apps, ...factories.map(({ app }) => app)];
  return all.filter((app, index) => index === all.findIndex(sameExpression(app)));
}

const sameExpression = (app: PythonApp) => (other: PythonApp) =>
  other.expression === app.expression;

/** Examples in docstrings are none; lines stay where they are. */
const withoutDocs = (source: string): string =>
  source.replaceAll(/("""|''')[\s\S]*?(?:\1|$)/g, (doc) => doc.replaceAll(/[^\n]/g, ''));

type Unplaced = Omit<PythonApp, 'line'>;

/** `app = Flask(__name__)`, or of a factory. */
function readAssignment(
  line: string,
  text: string,
  factories: readonly Factory[],
): Unplaced | null {
  const [, name, value] = /^(\w+)\s*(?::[^=]+)?=(?!=)\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) return null;
  const made = kindOf(value, text);
  if (made) return { expression: name, ...made };
  const [, called] = /^(?:\w+\.)*(\w+)\(/.exec(value) ?? [];
  if (called === undefined || !factoryName.test(called)) return null;
  const factory = factories.find(({ name: known }) => known === called);
  const { kind, style } = factory?.app ?? { kind: unknownKinds.null, style: null };
  return { expression: name, kind, style };
}

function kindOf(code: string, text: string): Kind | null {
  const maker = makers[makerCall.exec(code)?.[1] ?? ''];
  if (!maker) return null;
  const { of, kind, style } = maker;
  return new RegExp(`^\\s*(?:from|import)\\s+${of}\\b`, 'm').test(text) ? { kind, style } : null;
}

/** A function that is an app itself. */
function readCallable(line: string): PythonApp | null {
  const [, wsgi] = /^def (\w+)\(\s*environ\b.*,\s*start_response\b/.exec(line) ?? [];
  if (wsgi !== undefined) {
    const shown = `def ${wsgi}(environ, start_response)`;
    return { expression: wsgi, kind: 'a plain WSGI app', style: 'wsgi', line: shown };
  }
  const [, asgi] = /^async def (\w+)\(\s*scope\b.*,\s*receive\b.*,\s*send\b/.exec(line) ?? [];
  if (asgi === undefined) return null;
  const shown = `async def ${asgi}(scope, receive, send)`;
  return { expression: asgi, kind: 'a plain ASGI app', style: 'asgi', line: shown };
}

/** In `wsgi.py` and `asgi.py` whatever has the usual name, also from another module. */
function readUsual(line: string, usual: PythonApp['style']): Unplaced | null {
  if (usual === null) return null;
  const [, set] = /^(application|app)\s*(?::[^=]+)?=(?!=)/.exec(line) ?? [];
  const [, names = ''] = /^from\s+[\w.]+\s+import\s+(.*)$/.exec(line) ?? [];
  const [, taken] = /(?:^|[\s,(])(application|app)\s*(?:[,)#]|$)/.exec(names) ?? [];
  const expression = set ?? taken;
  return expression === undefined ? null : { expression, kind: unknownKinds[usual], style: usual };
}

interface Factory {
  name: string;
  app: PythonApp;
}

/** `def create_app():`, when it needs no arguments and makes an app that we know. */
function findFactories(text: string): Factory[] {
  const pattern = /^def (\w+)\(([\s\S]*?)\)\s*(?:->\s*([^:\n]+))?:/gm;
  return [...text.matchAll(pattern)].flatMap((match) => {
    const [all, name = '', parameters = '', returned = ''] = match;
    if (!factoryName.test(name) || needsArguments(parameters)) return [];
    const body = text.slice(match.index + all.length).split(/^\S/m, 1)[0] ?? '';
    const kind = kindOf(`${body} ${returned}(`, text);
    if (!kind) return [];
    const line = excerpt(all.slice(0, -1));
    return [{ name, app: { expression: `${name}()`, ...kind, line } }];
  });
}

/** Whether a parameter has no default, as far as one can see without a parser. */
const needsArguments = (parameters: string): boolean =>
  parameters
    .replaceAll(/#.*$/gm, '')
    .replaceAll(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, '')
    .split(',')
    .map((parameter) => parameter.trim())
    .some((parameter) => parameter !== '' && !/^[*/]|=/.test(parameter));
