/** Settings of Gunicorn, and flags of other names, that mean nothing here, or not yet. */
const foreign = new Set(
  `ca_certs casefold_http_method cert_reqs certfile ciphers control_socket_disable
  default_proc_name dirty_app dirty_apps dirty_graceful_timeout dirty_threads dirty_timeout
  dirty_workers disable_redirect_access_to_syslog do_handshake_on_connect dogstatsd_tags
  enable_backlog_metric enable_stdio_inheritance http2_cleartext http2_initial_window_size
  http2_max_concurrent_streams http2_max_frame_size http2_max_header_list_size http_parser
  http_protocols keyfile log_config log_config_json log_syslog log_syslog_facility
  log_syslog_prefix log_syslog_to logconfig logconfig_dict logconfig_json logger_class paste
  paste_global paster permit_obsolete_folding permit_unconventional_http_method
  permit_unconventional_http_version protocol proxy_allow_from proxy_allow_ips proxy_protocol
  raw_paste_global_conf reload_engine ssl_version statsd_host statsd_prefix strip_header_spaces
  suppress_ragged_eofs syslog syslog_addr syslog_facility syslog_prefix uwsgi_allow_from
  uwsgi_allow_ips worker_tmp_dir wsgi_app`.split(/\s+/),
);

/** Whether Gunicorn has this setting and tsgun does not; `snake` in snake case. */
export const isForeign = (snake: string): boolean => foreign.has(snake);
