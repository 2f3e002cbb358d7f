#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the three plugins and the tools in a container of a Debian suite. The compiler cache is kept in a volume of
# Docker.
set -euo pipefail
# shellcheck source=Resources/lib.sh
source "$(dirname "$0")/lib.sh"

usage()
{
  cat << 'TEXT'
Usage: build.sh --suite forky|trixie --output DIR [--test]
  --suite    Debian suite whose Orthanc the plugins are for
  --output   directory that receives the three plugins and the tools
  --test     also check the formatting and run the unit tests
TEXT
}

suite='' output='' check=no
while [ $# -gt 0 ]; do
  case "$1" in
    --suite) suite=${2:?--suite needs a value}; shift 2 ;;
    --output) output=${2:?--output needs a value}; shift 2 ;;
    --test) check=yes; shift ;;
    --help|-h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
case "$suite" in forky|trixie) ;; *) usage >&2; exit 2 ;; esac
[ -n "$output" ] || { usage >&2; exit 2; }

ensure_docker
build_image build "$suite"
mkdir -p "$output"
output=$(cd "$output" && pwd)
mounts=()
if [ "$check" = yes ]; then
  next=$(dirname "$output")/next-$suite # beside the plugins: nothing that is installed
  mkdir -p "$next"
  mounts=(--volume "$next:/next")
fi

say "Building on $suite"
docker run --rm --init \
  --env OWNER="$(id -u):$(id -g)" --env CHECK="$check" \
  --volume "$ROOT:/source:ro" --volume "$output:/output" "${mounts[@]}" \
  --volume "orthanc-registry-ccache-$suite:/ccache" \
  "orthanc-registry/build:$suite" /source/Resources/Docker/compile.sh
