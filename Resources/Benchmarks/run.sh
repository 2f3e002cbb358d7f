#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Compares two sets of plugins on the same work, see README.md. Without --a, the plugins of this tree are built first.
set -euo pipefail
# shellcheck source=Resources/lib.sh
source "$(dirname "$0")/../lib.sh"

BENCHMARKS=$ROOT/Resources/Benchmarks

remove_leftovers()
{
  docker ps --all --quiet --filter name=registry-bench- | xargs --no-run-if-empty docker rm --force --volumes
  docker volume ls --quiet --filter name=registry-bench- | xargs --no-run-if-empty docker volume rm
  docker network ls --quiet --filter name=registry-bench- | xargs --no-run-if-empty docker network rm
} > /dev/null

driver()
{
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$ROOT/Resources/IntegrationTests:$ROOT/Resources/Samples \
    /usr/bin/python3 "$BENCHMARKS/benchmark.py" "$@"
}

for argument in "$@"; do
  case "$argument" in --help|-h|--list) driver "$@"; exit ;; esac
done

ensure_docker
need python3 test -x /usr/bin/python3
output=$(mktemp --directory)
trap 'remove_leftovers; rm -rf "$output"' EXIT
remove_leftovers

sets=()
case " $* " in
  *' --a '*|*' --a='*) mkdir -p "$DOCKER_DIRECTORY/plugins/forky" ;;
  *) build_replica forky
     sets=(--a "$DOCKER_DIRECTORY/plugins/forky") ;;
esac
build_image build forky
for image in database tools; do
  build_image "$image" forky
done
build_image benchmark forky Dockerfile.benchmark

say "The delaying proxy"
docker run --rm --volume "$ROOT:/source:ro" --volume "$output:/output" orthanc-registry/build:forky \
  g++ -std=c++20 -O2 -static-libstdc++ -static-libgcc -I /source -o /output/delay-proxy \
  /source/Resources/Benchmarks/DelayProxy/DelayProxy.cpp

say "Benchmark"
driver --proxy-binary "$output/delay-proxy" "${sets[@]}" "$@"
