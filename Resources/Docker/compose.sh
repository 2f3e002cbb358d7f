#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Docker Compose, version 2 where it is installed, else 1.29.
set -euo pipefail

if docker compose version > /dev/null 2>&1; then
  exec docker compose "$@"
fi
exec docker-compose "$@"
