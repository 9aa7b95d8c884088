#!/bin/sh
# install.sh PYTHON ARGUMENTS…: install into PYTHON's environment, with uv where it is on the PATH, else with pip.
set -eu
python=$1
shift
if command -v uv >/dev/null; then
  exec uv pip install --quiet --python "$python" "$@"
fi
# An environment that uv made has no pip of its own.
"$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null
exec "$python" -m pip install --quiet --disable-pip-version-check "$@"
