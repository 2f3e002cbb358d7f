#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Starts PgBouncer in front of the PostgreSQL on DATABASE_HOST.
set -euo pipefail
: "${POSTGRES_USER:?}" "${POSTGRES_PASSWORD:?}"

umask 077
sed -e "s/@DATABASE_HOST@/${DATABASE_HOST:-database}/" -e "s/@POOL_MODE@/${POOL_MODE:-transaction}/" \
    -e "s/@POOL_SIZE@/${POOL_SIZE:-20}/" /etc/pgbouncer/registry.ini > /tmp/pgbouncer.ini
printf '"%s" "%s"\n' "$POSTGRES_USER" "${POSTGRES_PASSWORD//\"/\"\"}" > /tmp/users
exec pgbouncer /tmp/pgbouncer.ini
