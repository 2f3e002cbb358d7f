#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# check-exports.sh PLUGIN.so...: fails unless each plugin exports the four entry points of Orthanc and nothing else,
# and all symbols it needs come from the libraries it names.
set -eu

expected="OrthancPluginFinalize OrthancPluginGetName OrthancPluginGetVersion OrthancPluginInitialize"
status=0
for plugin in "$@"; do
  exported=$(nm -D --defined-only "$plugin" | awk '{ print $NF }' | sort | xargs)
  if [ "$exported" != "$expected" ]; then
    echo "$plugin exports: $exported" >&2
    status=1
  fi
  undefined=$(ldd -r "$plugin" 2>&1 | grep -E 'undefined symbol|not found' || true)
  if [ -n "$undefined" ]; then
    echo "$plugin: $undefined" >&2
    status=1
  fi
done
exit $status
