/** What both packages say of themselves. */
export const product = {
  name: 'tsgun',
  summary: 'Pre-fork application server for Node.js and Python apps',
  description: [
    "Gunicorn's process model as a daemon: one arbiter opens the listening sockets and supervises workers, which serve. Node.js apps (Express, Fastify, Koa, NestJS, plain handlers) and Python apps (Flask, Django, FastAPI: WSGI and ASGI) run as they are.",
    'A reload, an upgrade or a restart loses no request, and what fails leaves the old code serving. Each app is an instance of a systemd unit with a configuration file in /etc/tsgun, and tsgunctl controls it.',
  ],
  maintainer: 'tsgun developers <developers@tsgun.invalid>',
  copyright: '2026 The tsgun authors',
  licence: 'MIT',
} as const;

/** The release of the package of one version. */
export const release = '1';

export interface Architecture {
  deb: string;
  rpm: string;
  /** As Node.js and npm call it. */
  node: 'x64' | 'arm64';
  /** The triplet of the cross binutils. */
  triplet: string;
}

export const architectures: Readonly<Record<string, Architecture>> = {
  x64: { deb: 'amd64', rpm: 'x86_64', node: 'x64', triplet: 'x86_64-linux-gnu' },
  arm64: { deb: 'arm64', rpm: 'aarch64', node: 'arm64', triplet: 'aarch64-linux-gnu' },
};

/** What the bundled Node.js links to; workers are started by setpriv(1) of util-linux. */
export const relations = {
  deb: {
    Depends:
      'libatomic1, libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 9), systemd | systemd-standalone-sysusers | systemd-sysusers',
    Recommends: 'logrotate, systemd',
    Suggests: 'python3 (>= 3.9)',
  },
  // The libraries are found by rpmbuild.
  rpm: {
    Requires: ['systemd', 'util-linux'],
    Recommends: ['logrotate'],
    Suggests: ['python3 >= 3.9'],
  },
} as const;

export type Format = 'deb' | 'rpm';

/** What is made, not copied; stage.ts knows how. */
export type Made =
  | 'changelog'
  | 'completion-bash'
  | 'completion-fish'
  | 'completion-zsh'
  | 'copyright'
  | 'debian-changelog'
  | 'man-pages'
  | 'modules'
  | 'package.json'
  | 'sample-config';

export interface Item {
  /** A file or folder of the repository, something made, or what a link points to. */
  from: { file: string } | { tree: string; only: RegExp } | { made: Made } | { link: string };
  /** Where it goes; that of a tree or of modules is a folder. */
  to: string;
  mode?: number;
  /** The administrator's changes to it are kept. */
  config?: true;
  /** For rpm, which marks them. */
  kind?: 'doc' | 'license';
  format?: Format;
}

export const home = '/usr/lib/tsgun';

const program = 0o755;

const completions = {
  bash: '/usr/share/bash-completion/completions',
  fish: '/usr/share/fish/vendor_completions.d',
  zshOfDeb: '/usr/share/zsh/vendor-completions',
  zshOfRpm: '/usr/share/zsh/site-functions',
} as const;

/** Where Node.js of an architecture is found, and where it goes. */
export const nodeOf = ({ node }: Architecture) => ({
  from: `node_modules/node-linux-${node}/bin/node`,
  to: `${home}/bin/node`,
});

/** Every file of the packages but Node.js. */
export const items: readonly Item[] = [
  { from: { tree: 'dist/src', only: /\.js$|\.d\.ts$/ }, to: `${home}/dist/src` },
  { from: { tree: 'dist/ctl', only: /\.js$/ }, to: `${home}/dist/ctl` },
  { from: { tree: 'src/python', only: /\.py$/ }, to: `${home}/src/python` },
  { from: { made: 'modules' }, to: `${home}/node_modules` },
  { from: { made: 'package.json' }, to: `${home}/package.json` },
  {
    from: { file: 'packaging/common/upgrade-instances' },
    to: `${home}/upgrade-instances`,
    mode: program,
  },
  { from: { file: 'packaging/common/tsgun' }, to: '/usr/bin/tsgun', mode: program },
  { from: { file: 'packaging/common/tsgunctl' }, to: '/usr/bin/tsgunctl', mode: program },

  { from: { tree: 'systemd', only: /^tsgun[^/]*$/ }, to: '/usr/lib/systemd/system' },
  { from: { file: 'packaging/common/sysusers.conf' }, to: '/usr/lib/sysusers.d/tsgun.conf' },
  { from: { file: 'packaging/common/tmpfiles.conf' }, to: '/usr/lib/tmpfiles.d/tsgun.conf' },
  { from: { file: 'packaging/common/logrotate' }, to: '/etc/logrotate.d/tsgun', config: true },
  { from: { file: 'packaging/common/default' }, to: '/etc/default/tsgun', config: true },
  { from: { made: 'sample-config' }, to: '/etc/tsgun/example.toml.sample', config: true },

  { from: { made: 'man-pages' }, to: '/usr/share/man' },
  { from: { link: 'tsgun.8.gz' }, to: '/usr/share/man/man8/tsgun@.service.8.gz' },
  { from: { file: 'man/completions/tsgun.bash' }, to: `${completions.bash}/tsgun` },
  { from: { made: 'completion-bash' }, to: `${completions.bash}/tsgunctl` },
  { from: { file: 'man/completions/tsgun.fish' }, to: `${completions.fish}/tsgun.fish` },
  { from: { made: 'completion-fish' }, to: `${completions.fish}/tsgunctl.fish` },
  { from: { file: 'man/completions/_tsgun' }, to: `${completions.zshOfDeb}/_tsgun`, format: 'deb' },
  { from: { made: 'completion-zsh' }, to: `${completions.zshOfDeb}/_tsgunctl`, format: 'deb' },
  { from: { file: 'man/completions/_tsgun' }, to: `${completions.zshOfRpm}/_tsgun`, format: 'rpm' },
  { from: { made: 'completion-zsh' }, to: `${completions.zshOfRpm}/_tsgunctl`, format: 'rpm' },

  {
    from: { tree: 'examples', only: /\.(js|ts|py|sh|toml|html|css)$/ },
    to: '/usr/share/doc/tsgun/examples',
    kind: 'doc',
  },
  {
    from: { tree: 'systemd/examples', only: /\.conf$/ },
    to: '/usr/share/doc/tsgun/examples/systemd',
    kind: 'doc',
  },
  { from: { made: 'changelog' }, to: '/usr/share/doc/tsgun/changelog.gz', kind: 'doc' },
  {
    from: { made: 'debian-changelog' },
    to: '/usr/share/doc/tsgun/changelog.Debian.gz',
    format: 'deb',
  },
  { from: { made: 'copyright' }, to: '/usr/share/doc/tsgun/copyright', format: 'deb' },
  {
    from: { file: 'packaging/deb/lintian-overrides' },
    to: '/usr/share/lintian/overrides/tsgun',
    format: 'deb',
  },
  {
    from: { file: 'LICENSE' },
    to: '/usr/share/licenses/tsgun/LICENSE',
    kind: 'license',
    format: 'rpm',
  },
  {
    from: { made: 'copyright' },
    to: '/usr/share/licenses/tsgun/copyright',
    kind: 'license',
    format: 'rpm',
  },
];
