#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in a container of the stage "build": the tree is in /source, the plugins and tools go to /output. With CHECK=yes
# also checks the formatting and runs the unit tests, and leaves the next version that the tests have in /next.
set -euo pipefail

PLUGINS=(libOrthancPostgreSQLIndex.so libOrthancPostgreSQLStorage.so libOrthancSQLiteIndex.so)
TOOLS=(orthanc-registry-move)

check_format()
{
  find Framework PostgreSQL SQLite UnitTests Resources '(' -name '*.cpp' -o -name '*.h' ')' -print0 \
    | xargs -0 clang-format --dry-run -Werror
  echo "Formatting: as .clang-format says"
}

check_exports()
{
  local exported expected='OrthancPluginFinalize OrthancPluginGetName OrthancPluginGetVersion OrthancPluginInitialize'
  exported=$(nm --dynamic --defined-only --format=just-symbols "$1" | sort | xargs)
  [ "$exported" = "$expected" ] || { echo "$1 exports: $exported" >&2; exit 1; }
}

start_postgresql()
{
  local version
  version=$(ls /usr/lib/postgresql)
  pg_ctlcluster "$version" main start
  su postgres -c psql > /dev/null << 'SQL'
CREATE ROLE registry SUPERUSER LOGIN PASSWORD 'registry';
CREATE DATABASE registry OWNER registry;
SQL
  export REGISTRY_TEST_POSTGRESQL=postgresql://registry:registry@127.0.0.1:5432/registry
  echo "PostgreSQL $version runs"
}

# The log of the library is of use only where something fails, and what fails is told again at the end.
run_unit_tests()
{
  local log=/build/unit-tests.log
  GTEST_BRIEF=1 ctest --test-dir /build --verbose --parallel 2 2>&1 | tee "$log" | grep --invert-match '^[0-9]*: [IWE] ' \
    && return
  echo "What has failed in the unit tests:"
  grep --after-context=8 --extended-regexp ': Failure$|^[0-9]+: \[  FAILED  \]' "$log" | tail --lines=200
  return 1
}

cd /source
if [ "$CHECK" = yes ]; then
  check_format
  unit_tests=ON
else
  unit_tests=OFF
fi

cmake -S /source -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DREGISTRY_WERROR=ON \
  -DREGISTRY_UNIT_TESTS="$unit_tests"
ccache --zero-stats > /dev/null
cmake --build /build -- --quiet
echo "Compiler cache: $(ccache --show-stats | grep -E '^ *(Hits|Misses)' | head -n 2 | xargs)"

for plugin in "${PLUGINS[@]}"; do
  check_exports "/build/$plugin"
done
for file in "${PLUGINS[@]}" "${TOOLS[@]}"; do
  install "/build/$file" "/output/$file"
  strip --strip-debug "/output/$file"
  chown "$OWNER" "/output/$file"
done

if [ "$CHECK" = yes ]; then
  # What only the test of rolling upgrades uses
  install /build/UnitTests/libNextPostgreSQLIndex.so /next/libOrthancPostgreSQLIndex.so
  strip --strip-debug /next/libOrthancPostgreSQLIndex.so
  chown "$OWNER" /next/libOrthancPostgreSQLIndex.so
  start_postgresql
  run_unit_tests
fi
