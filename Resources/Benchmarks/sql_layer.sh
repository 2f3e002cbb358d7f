#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in a container of the stage "build": builds the benchmarks of the SQL layer of the tree in /source, starts
# PostgreSQL, and prints the results as JSON. Arguments go to Google Benchmark.
set -euo pipefail
{
  cmake -S /source -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DREGISTRY_UNIT_TESTS=OFF
  cmake --build /build --target Benchmarks -- --quiet
  pg_ctlcluster "$(ls /usr/lib/postgresql)" main start
  su postgres -c "psql -c \"CREATE ROLE registry SUPERUSER LOGIN PASSWORD 'registry'\" -c 'CREATE DATABASE registry OWNER registry'"
} >&2
export REGISTRY_TEST_POSTGRESQL=postgresql://registry:registry@127.0.0.1:5432/registry
exec /build/Resources/Benchmarks/Benchmarks --benchmark_format=json "$@"
