#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Starts PostgreSQL. At the first start makes the cluster, with the role and the database of these variables.
set -euo pipefail
: "${POSTGRES_USER:?}" "${POSTGRES_PASSWORD:?}" "${POSTGRES_DB:?}"

PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATA=/var/lib/postgresql/data

# Prepared beside and moved into place when complete, so that an interrupted first start is begun again
if [ ! -d "$PGDATA/cluster" ]; then
  rm -rf "$PGDATA/new"
  initdb --pgdata="$PGDATA/new" --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
  echo 'host all all all scram-sha-256' >> "$PGDATA/new/pg_hba.conf"
  pg_ctl --pgdata="$PGDATA/new" --options="-c listen_addresses=''" --wait start
  psql --dbname=postgres --set=ON_ERROR_STOP=1 --set=role="$POSTGRES_USER" --set=database="$POSTGRES_DB" \
       --set=password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
SQL
  pg_ctl --pgdata="$PGDATA/new" --wait stop
  mv "$PGDATA/new" "$PGDATA/cluster"
fi

exec postgres -D "$PGDATA/cluster" -c listen_addresses='*'
