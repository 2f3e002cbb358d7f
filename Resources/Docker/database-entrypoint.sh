#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Starts PostgreSQL. At the first start makes the cluster, with the role and the database of these variables.
# With STANDBYS (names, separated by commas) a commit waits until one of them has it. With STANDBY_OF the cluster is made
# as a copy of that server, which it follows from then on under the name STANDBY_NAME.
set -euo pipefail
: "${POSTGRES_USER:?}" "${POSTGRES_PASSWORD:?}" "${POSTGRES_DB:?}"

PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATA=/var/lib/postgresql/data

make_cluster()
{
  initdb --pgdata="$PGDATA/new" --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
  echo 'host all all all scram-sha-256' >> "$PGDATA/new/pg_hba.conf"
  pg_ctl --pgdata="$PGDATA/new" --options="-c listen_addresses=''" --wait start
  psql --dbname=postgres --set=ON_ERROR_STOP=1 --set=role="$POSTGRES_USER" --set=database="$POSTGRES_DB" \
       --set=password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
SQL
  [ -z "${STANDBYS:-}" ] || allow_standbys
  pg_ctl --pgdata="$PGDATA/new" --wait stop
}

# The settings are copied to the standbys with everything else, so that any of them can take over.
allow_standbys()
{
  : "${REPLICATION_PASSWORD:?}"
  echo 'host replication replication all scram-sha-256' >> "$PGDATA/new/pg_hba.conf"
  psql --dbname=postgres --set=ON_ERROR_STOP=1 --set=password="$REPLICATION_PASSWORD" \
       --set=names="ANY 1 ($STANDBYS)" <<'SQL'
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'password';
ALTER SYSTEM SET synchronous_standby_names = :'names';
ALTER SYSTEM SET max_slot_wal_keep_size = '2GB';
SQL
}

# The slot makes the other server keep what this one has not received yet.
copy_cluster()
{
  : "${REPLICATION_PASSWORD:?}" "${STANDBY_NAME:?}"
  export PGPASSWORD=$REPLICATION_PASSWORD
  local server="host=$STANDBY_OF user=replication application_name=$STANDBY_NAME connect_timeout=5"
  until psql "$server dbname=postgres replication=true" --quiet --command="DROP_REPLICATION_SLOT $STANDBY_NAME" 2> /dev/null \
    || psql "$server dbname=postgres replication=true" --quiet --command=IDENTIFY_SYSTEM > /dev/null; do
    sleep 1
  done
  pg_basebackup --pgdata="$PGDATA/new" --dbname="$server" --wal-method=stream --checkpoint=fast \
    --create-slot --slot="$STANDBY_NAME" --write-recovery-conf
  unset PGPASSWORD
}

# Prepared beside and moved into place when complete, so that an interrupted first start is begun again
if [ ! -d "$PGDATA/cluster" ]; then
  rm -rf "$PGDATA/new"
  if [ -n "${STANDBY_OF:-}" ]; then copy_cluster; else make_cluster; fi
  mv "$PGDATA/new" "$PGDATA/cluster"
fi

exec postgres -D "$PGDATA/cluster" -c listen_addresses='*'
