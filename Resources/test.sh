#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds, checks the formatting, runs the unit tests on real PostgreSQL and SQLite in a container, then the integration
# tests on real Orthanc, HAProxy, PostgreSQL and DCMTK. Arguments are passed on to pytest.
set -euo pipefail
# shellcheck source=Resources/lib.sh
source "$(dirname "$0")/lib.sh"

# Whatever pytest could not remove itself, for instance because it was killed
remove_leftovers()
{
  docker ps --all --quiet --filter name=registry-test- | xargs --no-run-if-empty docker rm --force --volumes
  docker volume ls --quiet --filter name=registry-test- | xargs --no-run-if-empty docker volume rm
  docker network ls --quiet --filter name=registry-test- | xargs --no-run-if-empty docker network rm
} > /dev/null

python_tests()
{
  # The interpreter of Debian, whatever else is on the path
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -p no:cacheprovider -rA --show-capture=no -s --durations=25 \
    "$RESOURCES/IntegrationTests" "$@"
}

# Most tests wait most of the time, so two lanes of them run side by side; then those that need the machine alone.
all_python_tests()
{
  local log failed=no
  log=$(mktemp)
  REGISTRY_TEST_LANE=second- python_tests --lane second > "$log" 2>&1 &
  REGISTRY_TEST_LANE=first- python_tests --lane first || failed=yes
  wait $! || failed=yes
  say "Integration tests, second lane"
  cat "$log"
  rm -f "$log"
  say "Integration tests, alone"
  python_tests --lane alone || failed=yes
  [ "$failed" = no ]
}

ensure_docker
need python3-pytest /usr/bin/python3 -c 'import pytest'
need python3-requests /usr/bin/python3 -c 'import requests'
trap remove_leftovers EXIT
remove_leftovers

build_replica forky --test
build_replica trixie
for image in balancer database pooler tools; do
  build_image "$image" forky
done
for suite in bookworm trixie forky; do
  build_image stock "$suite" Dockerfile.stock
done
build_image plugins forky Dockerfile.plugins

say "Integration tests"
if [ $# = 0 ]; then
  all_python_tests
else
  python_tests "$@"
fi
say "All passed in $((SECONDS / 60)) min $((SECONDS % 60)) s"
