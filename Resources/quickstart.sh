#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds, starts and shows a deployment: replicas of Orthanc on one database behind HAProxy.
set -euo pipefail
# shellcheck source=Resources/lib.sh
source "$(dirname "$0")/lib.sh"

SUITE=forky
PROJECT=orthanc-registry
ENVIRONMENT=$DOCKER_DIRECTORY/.env
DATA=${REGISTRY_DATA:-$(dirname "$ROOT")/shared/data}

usage()
{
  cat << 'TEXT'
Usage: quickstart.sh [--postgresql]    start: two replicas on one SQLite file, or three on PostgreSQL
       quickstart.sh --stop            stop; the data is kept
       quickstart.sh --purge           stop and remove all data and passwords

The ports, on 127.0.0.1 only, can be chosen at the first start by the variables HTTP_PORT (8080), DICOM_PORT (4242),
REPLICA1_PORT (8043), REPLICA2_PORT (8044) and REPLICA3_PORT (8045). They and the passwords are kept in Docker/.env.
TEXT
}

compose()
{
  "$DOCKER_DIRECTORY/compose.sh" --env-file "$ENVIRONMENT" --project-name "$PROJECT-$engine" --file "$file" "$@"
}

use_engine()
{
  engine=$1
  case "$engine" in
    sqlite) file=$DOCKER_DIRECTORY/docker-compose.sqlite.yml replicas=(orthanc1 orthanc2) ;;
    postgresql) file=$DOCKER_DIRECTORY/docker-compose.yml replicas=(orthanc1 orthanc2 orthanc3) ;;
  esac
}

new_password()
{
  od --address-radix=n --format=x1 --read-bytes=16 /dev/urandom | tr -d ' \n'
}

write_environment()
{
  if [ -e "$ENVIRONMENT" ]; then
    # The file of an earlier version has no key
    grep -q ^REGISTRY_KEY= "$ENVIRONMENT" || echo "REGISTRY_KEY=$(new_password)$(new_password)" >> "$ENVIRONMENT"
    return
  fi
  (
    umask 077
    cat > "$ENVIRONMENT" << TEXT
ORTHANC_USER=orthanc
ORTHANC_PASSWORD=$(new_password)
POSTGRES_PASSWORD=$(new_password)
REGISTRY_KEY=$(new_password)$(new_password)
HTTP_PORT=${HTTP_PORT:-8080}
DICOM_PORT=${DICOM_PORT:-4242}
REPLICA1_PORT=${REPLICA1_PORT:-8043}
REPLICA2_PORT=${REPLICA2_PORT:-8044}
REPLICA3_PORT=${REPLICA3_PORT:-8045}
TEXT
  )
}

# stop_all [OPTION of compose down...]: whichever engine runs
stop_all()
{
  [ -e "$ENVIRONMENT" ] || return 0
  local each
  for each in sqlite postgresql; do
    use_engine "$each"
    compose down "$@" > /dev/null 2>&1 || die "docker compose down failed for $each"
  done
}

start()
{
  local image data_options=()
  build_replica "$SUITE"
  for image in balancer database tools; do
    [ "$engine-$image" = sqlite-database ] || build_image "$image" "$SUITE"
  done

  say "Starting ${#replicas[@]} replicas on $engine"
  write_environment
  compose up --detach 2>&1 | tail -n 20
  wait_for 120 "the replicas" all_healthy

  [ ! -d "$DATA" ] || data_options=(--volume "$DATA:/data:ro")
  say "Demonstration"
  docker run --rm --init --network "$PROJECT-${engine}_default" --env-file "$ENVIRONMENT" \
    --volume "$RESOURCES/Samples:/samples:ro" --env REGISTRY_DATA=/data --env PYTHONDONTWRITEBYTECODE=1 "${data_options[@]}" \
    "orthanc-registry/tools:$SUITE" python3 /samples/demo.py "${replicas[@]}"
  print_addresses
}

all_healthy()
{
  local replica
  for replica in "${replicas[@]}"; do
    [ "$(docker inspect --format '{{ .State.Health.Status }}' "$(compose ps -q "$replica")")" = healthy ] || return 1
  done
}

print_addresses()
{
  local ORTHANC_USER ORTHANC_PASSWORD HTTP_PORT DICOM_PORT REPLICA1_PORT REPLICA2_PORT REPLICA3_PORT
  # shellcheck source=/dev/null
  source "$ENVIRONMENT"
  local ports=("$REPLICA1_PORT" "$REPLICA2_PORT" "$REPLICA3_PORT") index
  say "Where to click"
  echo "Orthanc Explorer, jobs of all replicas:  http://127.0.0.1:$HTTP_PORT/app/explorer.html#jobs"
  for index in "${!replicas[@]}"; do
    echo "  the same, asked of ${replicas[$index]}:        http://127.0.0.1:${ports[$index]}/app/explorer.html#jobs"
  done
  echo "DICOM:     ORTHANC at 127.0.0.1:$DICOM_PORT"
  echo "User:      $ORTHANC_USER"
  echo "Password:  $ORTHANC_PASSWORD"
  echo "Stop with $0 --stop, remove all data with $0 --purge"
}

engine=sqlite
case "${1:-}" in
  '') ;;
  --postgresql) engine=postgresql ;;
  --stop|--purge) ;;
  --help|-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

case "${1:-}" in
  --stop)
    stop_all
    say "Stopped, the data is kept"
    ;;
  --purge)
    stop_all --volumes
    rm -f "$ENVIRONMENT"
    say "Stopped, all data is removed"
    ;;
  *)
    requested=$engine
    ensure_docker
    # Both engines are published on the same ports: the other one is stopped first
    stop_all
    use_engine "$requested"
    start
    ;;
esac
