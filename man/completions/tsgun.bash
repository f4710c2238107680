# bash completion for tsgun
# Made by "npm run generate" from the table of settings: do not edit.

_tsgun_offer() {
  local word
  while IFS= read -r word; do
    [[ $word != "$typed"* ]] || COMPREPLY+=("$word")
  done
}

_tsgun_find() {
  local word
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(compgen "$1" -- "$typed")
}

_tsgun() {
  local typed=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  # Of "--loglevel=info" bash makes three words, of "host:80" as well.
  if [[ $typed == = ]]; then
    typed=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  [[ $typed != : && $before != : ]] || return 0
  case $before in
    -c | --config | --node | --reload-extra-files | --reload-extra-file | --python | --accesslog | --access-logfile | --errorlog | --error-logfile | --log-file | -p | --pidfile | --pid | --control-socket)
      _tsgun_find -f
      return 0
      ;;
    --chdir | --pythonpath | --tmp-upload-dir)
      _tsgun_find -d
      return 0
      ;;
    -e | --raw-env | --env | --node-args | --node-arg | -b | --bind | --backlog | --socket-mode | --threads | --worker-connections | --max-requests | --max-requests-jitter | --max-memory | --max-worker-age | -t | --timeout | --boot-timeout | --graceful-timeout | --quick-timeout | --dump-timeout | --reload-surge | --stabilize | --backoff-initial | --backoff-max | --backoff-reset | --hook-timeout | --asgi-disconnect-grace-period | --root-path | --keepalive | --keep-alive | --limit-request-line | --limit-request-fields | --limit-request-field-size | --limit-request-field_size | --gateways | --gateway-connections | --queue-limit | --queue-timeout | --request-timeout | --limit-request-body | --body-buffer | --response-buffer | --max-response-buffer | --drain-long-connections | --ws-max-size | --static | --forwarded-allow-ips | --secure-scheme-headers | --forwarder-headers | --access-log-format | --access-logformat | -m | --umask | -n | --proc-name | --name | --control-socket-mode)
      :
      return 0
      ;;
    --socket-owner | -u | --user)
      _tsgun_offer < <(compgen -u)
      return 0
      ;;
    -w | --workers)
      _tsgun_offer < <(printf '%s\n' auto)
      return 0
      ;;
    -k | --worker-class)
      _tsgun_offer < <(printf '%s\n' auto node sync gthread gevent eventlet asgi)
      return 0
      ;;
    --asgi-loop)
      _tsgun_offer < <(printf '%s\n' auto asyncio uvloop)
      return 0
      ;;
    --asgi-lifespan)
      _tsgun_offer < <(printf '%s\n' auto on off)
      return 0
      ;;
    --header-map)
      _tsgun_offer < <(printf '%s\n' drop refuse dangerous)
      return 0
      ;;
    --loglevel | --log-level)
      _tsgun_offer < <(printf '%s\n' debug info warning error critical)
      return 0
      ;;
    --log-format)
      _tsgun_offer < <(printf '%s\n' auto text json)
      return 0
      ;;
    -g | --group | --control-group | --control-read-group)
      _tsgun_offer < <(compgen -g)
      return 0
      ;;
  esac
  if [[ $typed == -* ]]; then
    _tsgun_offer < <(printf '%s\n' -c --config --chdir -e --raw-env --node --node-args --reload --reload-extra-files --spew --check-config --print-config -b --bind --backlog --reuse-port --socket-mode --socket-owner -w --workers -k --worker-class --threads --worker-connections --max-requests --max-requests-jitter --max-memory --max-worker-age -t --timeout --boot-timeout --graceful-timeout --quick-timeout --dump-timeout --reload-surge --reload-canary --stabilize --backoff-initial --backoff-max --backoff-reset --hook-timeout --python --pythonpath --preload-app --asgi-loop --asgi-lifespan --asgi-disconnect-grace-period --root-path --sendfile --keepalive --limit-request-line --limit-request-fields --limit-request-field-size --gateways --gateway-connections --queue-limit --queue-timeout --request-timeout --limit-request-body --body-buffer --response-buffer --max-response-buffer --tmp-upload-dir --drain-long-connections --ws-max-size --static --forwarded-allow-ips --secure-scheme-headers --forwarder-headers --header-map --accesslog --access-log-format --errorlog --loglevel --log-format --capture-output -D --daemon -p --pidfile -u --user -g --group --initgroups -m --umask -n --proc-name --control-socket --control-socket-mode --control-group --control-read-group --no-control-socket -h --help -v --version)
  else
    _tsgun_find -f
  fi
  return 0
}

complete -F _tsgun tsgun
