// The layers of the system: a folder is a process or a layer and may import only downwards.
const allowed = {
  core: [],
  protocol: ['core'],
  native: ['core'],
  settings: ['core'],
  metrics: ['core'],
  log: ['core', 'native'],
  process: ['core', 'native'],
  sockets: ['core', 'native'],
  systemd: ['core', 'native'],
  http: ['core', 'settings', 'log', 'metrics'],
  runtime: ['core', 'protocol', 'settings', 'log', 'metrics', 'process', 'sockets', 'http'],
  arbiter: ['core', 'protocol', 'settings', 'log', 'metrics', 'process', 'sockets', 'systemd'],
  control: ['core', 'protocol', 'settings', 'log', 'metrics', 'process', 'sockets'],
  gateway: ['core', 'protocol', 'settings', 'log', 'metrics', 'sockets', 'http', 'runtime'],
  worker: [
    'core',
    'protocol',
    'settings',
    'log',
    'metrics',
    'process',
    'sockets',
    'http',
    'runtime',
  ],
};
const layer = ([folder, may]) => ({
  name: `layer-${folder}`,
  severity: 'error',
  comment: `src/${folder} may import only: ${may.join(', ') || 'nothing'}.`,
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|ctl|test|packaging|man)/', pathNot: `^src/(${[folder, ...may].join('|')})/` },
});
const only = (name, path, owners) => ({
  name: `only-here-${name}`,
  severity: 'error',
  comment: 'Used in one place, so that it can be replaced there.',
  from: { path: '^(src|ctl)/', pathNot: owners },
  to: { path },
});

export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(allowed).map(layer),
    {
      name: 'src-not-to-test',
      severity: 'error',
      from: { path: '^(src|ctl)/' },
      to: { path: '^(test|packaging|man|examples)/' },
    },
    only('spawn', '^(node:)?child_process$', '^(src/process/spawn|ctl/doctor/run-systemctl)[.]ts$'),
    only('koffi', 'node_modules/koffi', '^src/native/'),
    only('winston', 'node_modules/(winston|winston-transport)', '^src/log/'),
    only('commander', 'node_modules/commander', '^(src/cli|ctl)/'),
    only('json-rpc', 'node_modules/json-rpc-2.0', '^(src/control|ctl)/'),
    {
      name: 'layer-ctl',
      severity: 'error',
      comment: 'The client shares only the language and the protocol.',
      from: { path: '^ctl/' },
      to: { path: '^(src|test|packaging|man)/', pathNot: '^src/(core|protocol)/' },
    },
    {
      name: 'layer-man',
      severity: 'error',
      comment: 'Pages are made from tables, not from programs.',
      from: { path: '^man/' },
      to: {
        path: '^(src|ctl|test|packaging)/',
        pathNot:
          '^src/(core|settings|protocol)/|^src/arbiter/(event|signal-table)[.]ts$|^src/control/limits[.]ts$',
      },
    },
    {
      name: 'layer-packaging',
      severity: 'error',
      comment: 'Packages are made of what was built, and of tables.',
      from: { path: '^packaging/' },
      to: { path: '^(src|ctl|test|man)/', pathNot: '^src/(core|settings|protocol)/' },
    },
    only('proper-lockfile', 'node_modules/proper-lockfile', '^src/process/'),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
};
