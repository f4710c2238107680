"""What `cfg` is in hooks: every setting, under Gunicorn's names."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple, Union

_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

_DEFAULTS: Dict[str, Any] = {
    "access_log_format": _FORMAT,
    "accesslog": None,
    "asgi_disconnect_grace_period": 3,
    "asgi_lifespan": "auto",
    "asgi_loop": "auto",
    "backlog": 2048,
    "bind": ["127.0.0.1:8000"],
    "ca_certs": None,
    "capture_output": False,
    "casefold_http_method": False,
    "cert_reqs": 0,
    "certfile": None,
    "chdir": ".",
    "check_config": False,
    "ciphers": None,
    "config": "./gunicorn.conf.py",
    "daemon": False,
    "default_proc_name": "gunicorn",
    "disable_redirect_access_to_syslog": False,
    "do_handshake_on_connect": False,
    "dogstatsd_tags": "",
    "enable_stdio_inheritance": False,
    "errorlog": "-",
    "forwarded_allow_ips": ["127.0.0.1", "::1"],
    "forwarder_headers": ["SCRIPT_NAME", "PATH_INFO"],
    "graceful_timeout": 30,
    "group": None,
    "header_map": "drop",
    "initgroups": False,
    "keepalive": 2,
    "keyfile": None,
    "limit_request_field_size": 8190,
    "limit_request_fields": 100,
    "limit_request_line": 4094,
    "logconfig": None,
    "logconfig_dict": {},
    "logconfig_json": None,
    "logger_class": "gunicorn.glogging.Logger",
    "loglevel": "info",
    "max_requests": 0,
    "max_requests_jitter": 0,
    "paste": None,
    "permit_obsolete_folding": False,
    "permit_unconventional_http_method": False,
    "permit_unconventional_http_version": False,
    "pidfile": None,
    "preload_app": False,
    "print_config": False,
    "proc_name": None,
    "proxy_allow_ips": ["127.0.0.1", "::1"],
    "proxy_protocol": False,
    "pythonpath": None,
    "raw_env": [],
    "raw_paste_global_conf": [],
    "reload": False,
    "reload_engine": "auto",
    "reload_extra_files": [],
    "reuse_port": False,
    "root_path": "",
    "secure_scheme_headers": {
        "X-FORWARDED-PROTOCOL": "ssl",
        "X-FORWARDED-PROTO": "https",
        "X-FORWARDED-SSL": "on",
    },
    "sendfile": None,
    "spew": False,
    "ssl_version": None,
    "statsd_host": None,
    "statsd_prefix": "",
    "strip_header_spaces": False,
    "suppress_ragged_eofs": True,
    "syslog": False,
    "syslog_addr": "udp://localhost:514",
    "syslog_facility": "user",
    "syslog_prefix": None,
    "threads": 1,
    "timeout": 30,
    "tmp_upload_dir": None,
    "umask": 0,
    "user": None,
    "worker_class": "sync",
    "worker_connections": 1000,
    "worker_tmp_dir": None,
    "workers": 1,
    "wsgi_app": None,
}

Address = Union[str, Tuple[str, int]]


class Cfg:
    """Attributes are settings: as tsgun runs with them, else as the file has them, else default."""

    def __init__(self, settings: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        written = {name: value for name, value in names.items() if name in _DEFAULTS}
        self._values: Dict[str, Any] = {**_DEFAULTS, **written, **settings}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"No configuration setting for: {name}")
        return self._values[name]

    @property
    def settings(self) -> Mapping[str, Any]:
        return self._values

    @property
    def env(self) -> Dict[str, str]:
        return {name: value for name, _, value in (pair.partition("=") for pair in self.raw_env)}

    @property
    def address(self) -> List[Address]:
        return [parse_address(address) for address in self.bind]

    @property
    def worker_class_str(self) -> str:
        return str(self.worker_class)

    @property
    def is_ssl(self) -> bool:
        return False


def parse_address(text: str) -> Address:
    """An address as sockets of Python have it: a path, or a host and a port."""
    if text.startswith("unix:"):
        return text[len("unix:") :]
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        return text
    return host.strip("[]"), int(port)
