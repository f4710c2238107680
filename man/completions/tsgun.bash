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
  if [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == init ]]; then
    _tsgun_init
  else
    _tsgun_options
  fi
  return 0
}

_tsgun_options() {
  case $before in
    -c | --config | --node | --reload-extra-files | --reload-extra-file | --python | --accesslog | --access-logfile | --errorlog | --error-logfile | --log-file | -p | --pidfile | --pid | --control-socket)
      _tsgun_find -f
      return
      ;;
    --chdir | --pythonpath | --tmp-upload-dir)
      _tsgun_find -d
      return
      ;;
    -e | --raw-env | --env | --node-args | --node-arg | -b | --bind | --backlog | --socket-mode | --threads | --worker-connections | --max-requests | --max-requests-jitter | --max-memory | --max-worker-age | -t | --timeout | --boot-timeout | --graceful-timeout | --quick-timeout | --dump-timeout | --reload-surge | --stabilize | --backoff-initial | --backoff-max | --backoff-reset | --hook-timeout | --asgi-disconnect-grace-period | --root-path | --keepalive | --keep-alive | --limit-request-line | --limit-request-fields | --limit-request-field-size | --limit-request-field_size | --gateways | --gateway-connections | --queue-limit | --queue-timeout | --request-timeout | --limit-request-body | --body-buffer | --response-buffer | --max-response-buffer | --drain-long-connections | --ws-max-size | --static | --forwarded-allow-ips | --secure-scheme-headers | --forwarder-headers | --access-log-format | --access-logformat | -m | --umask | -n | --proc-name | --name | --control-socket-mode)
      :
      return
      ;;
    --socket-owner | -u | --user)
      _tsgun_offer < <(compgen -u)
      return
      ;;
    -w | --workers)
      _tsgun_offer < <(printf '%s\n' auto)
      return
      ;;
    -k | --worker-class)
      _tsgun_offer < <(printf '%s\n' auto node sync gthread gevent eventlet asgi)
      return
      ;;
    --asgi-loop)
      _tsgun_offer < <(printf '%s\n' auto asyncio uvloop)
      return
      ;;
    --asgi-lifespan)
      _tsgun_offer < <(printf '%s\n' auto on off)
      return
      ;;
    --header-map)
      _tsgun_offer < <(printf '%s\n' drop refuse dangerous)
      return
      ;;
    --loglevel | --log-level)
      _tsgun_offer < <(printf '%s\n' debug info warning error critical)
      return
      ;;
    --log-format)
      _tsgun_offer < <(printf '%s\n' auto text json)
      return
      ;;
    -g | --group | --control-group | --control-read-group)
      _tsgun_offer < <(compgen -g)
      return
      ;;
  esac
  if [[ $typed == -* ]]; then
    _tsgun_offer < <(printf '%s\n' -c --config --chdir -e --raw-env --node --node-args --reload --reload-extra-files --spew --check-config --print-config -b --bind --backlog --reuse-port --socket-mode --socket-owner -w --workers -k --worker-class --threads --worker-connections --max-requests --max-requests-jitter --max-memory --max-worker-age -t --timeout --boot-timeout --graceful-timeout --quick-timeout --dump-timeout --reload-surge --reload-canary --stabilize --backoff-initial --backoff-max --backoff-reset --hook-timeout --python --pythonpath --preload-app --asgi-loop --asgi-lifespan --asgi-disconnect-grace-period --root-path --sendfile --keepalive --limit-request-line --limit-request-fields --limit-request-field-size --gateways --gateway-connections --queue-limit --queue-timeout --request-timeout --limit-request-body --body-buffer --response-buffer --max-response-buffer --tmp-upload-dir --drain-long-connections --ws-max-size --static --forwarded-allow-ips --secure-scheme-headers --forwarder-headers --header-map --accesslog --access-log-format --errorlog --loglevel --log-format --capture-output -D --daemon -p --pidfile -u --user -g --group --initgroups -m --umask -n --proc-name --control-socket --control-socket-mode --control-group --control-read-group --no-control-socket -h --help -v --version)
    return
  fi
  [[ $COMP_CWORD -gt 1 ]] || _tsgun_offer < <(printf '%s\n' init)
  _tsgun_find -f
}

_tsgun_init() {
  case $before in
    -a | --app | --python | -o | --output)
      _tsgun_find -f
      return
      ;;
    -b | --bind)
      :
      return
      ;;
    -w | --workers)
      _tsgun_offer < <(printf '%s\n' auto)
      return
      ;;
    --chdir)
      _tsgun_find -d
      return
      ;;
    -u | --user)
      _tsgun_offer < <(compgen -u)
      return
      ;;
  esac
  _tsgun_offer < <(printf '%s\n' -a --app -b --bind -w --workers --chdir --python -u --user -o --output -f --force -h --help)
}

complete -F _tsgun tsgun
