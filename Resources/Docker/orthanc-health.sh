#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Health check of a replica: GET /system must answer 200.
set -euo pipefail

credentials=$(printf '%s:%s' "$ORTHANC_USER" "$ORTHANC_PASSWORD" | base64 --wrap=0)
exec 3<>/dev/tcp/127.0.0.1/8042
printf 'GET /system HTTP/1.0\r\nHost: localhost\r\nAuthorization: Basic %s\r\n\r\n' "$credentials" >&3
read -r _ status _ <&3
cat <&3 > /dev/null
[ "$status" = 200 ]
