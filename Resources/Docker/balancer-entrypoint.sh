#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# HAProxy takes the credentials of its health checks from the environment, encoded.
set -euo pipefail

HEALTH_CREDENTIALS=$(printf '%s:%s' "$ORTHANC_USER" "$ORTHANC_PASSWORD" | base64 --wrap=0)
export HEALTH_CREDENTIALS
exec haproxy -W -db -f /etc/haproxy/registry.cfg
