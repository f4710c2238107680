import type { Setting } from './define.ts';
import { toCamel, toSnake } from './names.ts';
import { suggest } from './suggest.ts';
import { defaultSettings, type SettingName, type Settings, settingNames, table } from './table.ts';

/** One value that somebody gave. */
export interface Given {
  /** In any of the three spellings. */
  name: string;
  raw: unknown;
  /** Whether `raw` is text to be read, or a value that has its type already. */
  kind: 'text' | 'value';
  /** Where it comes from, for people: `--workers`, `tsgun.conf.toml:3`. */
  origin: string;
}

export type Origins = Partial<Record<SettingName, string>>;

export interface Resolved {
  settings: Settings;
  /** Of what does not have its default. */
  origins: Origins;
  /** Everything that is wrong, for people; the settings are good only without any. */
  problems: string[];
}

/** Lays sources over the defaults, later ones over earlier ones. */
export function resolveSettings(sources: readonly (readonly Given[])[]): Resolved {
  const resolved: Resolved = { settings: defaultSettings(), origins: {}, problems: [] };
  for (const source of sources) {
    const seen = new Set<SettingName>();
    for (const given of source) apply(resolved, given, seen);
  }
  return resolved;
}

function apply(resolved: Resolved, given: Given, seen: Set<SettingName>): void {
  const name = findSetting(given.name);
  if (!name) {
    resolved.problems.push(`${given.origin}: ${describeUnknown(given.name)}`);
    return;
  }
  const { schema }: Setting<unknown> = table[name];
  const parsed =
    given.kind === 'text' ? schema.fromText(String(given.raw)) : schema.fromValue(given.raw);
  if (!parsed.ok) {
    const what = `expected ${parsed.expected}, not ${quote(given.raw)}`;
    resolved.problems.push(`${given.origin}: ${toSnake(name)}: ${what}`);
    return;
  }
  const again = schema.many && seen.has(name);
  const before = resolved.settings[name];
  const value =
    again && Array.isArray(before) && Array.isArray(parsed.value)
      ? [...before, ...parsed.value]
      : parsed.value;
  Object.assign(resolved.settings, { [name]: value });
  resolved.origins[name] = given.origin;
  seen.add(name);
}

export function findSetting(name: string): SettingName | undefined {
  const camel = toCamel(name);
  return settingNames.find((known) => known === camel);
}

/** Settings of Gunicorn that mean nothing here, or not yet. */
const gunicornOnly = new Set(
  `access_log_format_json ca_certs cert_reqs certfile ciphers control_socket default_proc_name
  disable_redirect_access_to_syslog do_handshake_on_connect dogstatsd_tags enable_stdio_inheritance
  forwarded_allow_ips forwarder_headers header_map http_protocols keyfile logconfig logconfig_dict
  logconfig_json logger_class no_control_socket paste preload_app proxy_allow_ips proxy_protocol
  pythonpath reload_engine root_path secure_scheme_headers sendfile ssl_context ssl_version statsd_host
  statsd_prefix suppress_ragged_eofs syslog syslog_addr syslog_facility syslog_prefix
  tmp_upload_dir worker_tmp_dir wsgi_app`.split(/\s+/),
);

export function describeUnknown(name: string): string {
  const snake = toSnake(name).replaceAll('-', '_');
  if (gunicornOnly.has(snake)) return `"${name}" is a setting of Gunicorn that tsgun does not have`;
  const meant = suggest(snake, settingNames.map(toSnake));
  return `unknown setting "${name}"${meant === null ? '' : `, did you mean "${meant}"?`}`;
}

function quote(raw: unknown): string {
  const text = typeof raw === 'function' ? 'a function' : (JSON.stringify(raw) ?? String(raw));
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
