/** Why tsgun does without a setting of Gunicorn, by the beginning of its name. */
const reasons: readonly (readonly [beginning: RegExp, why: string])[] = [
  [
    /^(?:ca_certs|cert|ciphers|do_handshake|keyfile|ssl_|suppress_ragged)/,
    'it does not speak TLS, which takes a proxy in front of it',
  ],
  [/^http2_|^http_protocols/, 'it does not speak HTTP/2'],
  [/^worker_tmp_dir/, 'its workers beat without files'],
  [/^logger_class/, 'its arbiter writes the logs, not Python'],
  [/^(?:log_)?syslog|^disable_redirect/, 'it does not speak syslog'],
  [/^(?:statsd|dogstatsd)|^enable_backlog/, 'it does not speak statsd'],
  [/^(?:raw_)?paste/, 'it does not read Paste Deploy files: name a factory as "module:make()"'],
  [/^proxy_/, 'it does not speak the PROXY protocol'],
  [/^protocol|^uwsgi/, 'it does not speak the uwsgi protocol'],
  [/^reload_engine/, 'the kernel tells it of changes'],
  [/^http_parser/, 'it has one parser'],
  [/^dirty_|^on_dirty/, 'it has no dirty workers'],
  [/^permit_|^strip_header|^casefold|^tolerate_/, 'it is always strict with requests'],
  [/^enable_stdio/, 'the error log keeps what is printed'],
];

/** Settings that are the same with Gunicorn's default as without. */
const defaults: Readonly<Record<string, unknown>> = {
  cert_reqs: 0,
  default_proc_name: 'gunicorn',
  dirty_graceful_timeout: 30,
  dirty_threads: 1,
  dirty_timeout: 300,
  dirty_workers: 0,
  http2_cleartext: 'off',
  http_parser: 'auto',
  http_protocols: 'h1',
  logger_class: 'gunicorn.glogging.Logger',
  protocol: 'http',
  proxy_protocol: 'off',
  reload_engine: 'auto',
  suppress_ragged_eofs: true,
  syslog_addr: 'udp://localhost:514',
  syslog_facility: 'user',
};

/** What is lost with a setting that tsgun does not have; null when nothing is. */
export function describeLack(name: string, value: unknown): string | null {
  if (isNothing(value) || value === defaults[name]) return null;
  const why = reasons.find(([beginning]) => beginning.test(name))?.[1];
  return `"${name}" is a setting of Gunicorn that tsgun does not have${why ? `: ${why}` : ''}`;
}

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);
