#!/bin/sh
# Database, static files, a user admin with the password admin, and off it goes. Arguments go to tsgun.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
"$python" manage.py migrate --verbosity 0
"$python" manage.py collectstatic --noinput --verbosity 0
"$python" manage.py ensureadmin
exec ${TSGUN:-tsgun} --python "$python" "$@"
