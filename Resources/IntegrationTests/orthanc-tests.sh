#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the integration tests of Orthanc itself (the public repository orthanc-tests) on our plugins.
set -euo pipefail
# shellcheck source=Resources/lib.sh
source "$(dirname "$0")/../lib.sh"

TESTS_DIRECTORY=$RESOURCES/IntegrationTests
TAG=${ORTHANC_SUITE:-forky} # of the image of the replicas and of their partner
PREFIX=registry-test-suite-$$

usage()
{
  cat << 'TEXT'
Usage: orthanc-tests.sh --suite-directory DIR [--engine postgresql|sqlite] [--balanced] [--expected FILE] [--no-build]
                        [TEST...]
  --suite-directory   a checkout of orthanc-tests, which is only read
  --engine            postgresql by default
  --balanced          three replicas behind HAProxy, instead of one without it
  --expected          names of the tests that must pass; by default those that do with a stock Orthanc
  --no-build          with the images as they are
  TEST                only these tests

Exit code 0 if all expected tests pass, besides the exceptions in orthanc-tests-exceptions.txt.
TEXT
}

suite='' engine=postgresql balanced='' build=yes tests=()
expected=$TESTS_DIRECTORY/orthanc-tests-expected.txt
while [ $# -gt 0 ]; do
  case "$1" in
    --suite-directory) suite=${2:?--suite-directory needs a value}; shift 2 ;;
    --engine) engine=${2:?--engine needs a value}; shift 2 ;;
    --balanced) balanced=yes; shift ;;
    --expected) expected=${2:?--expected needs a value}; shift 2 ;;
    --no-build) build=''; shift ;;
    --help|-h) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) tests+=("$1"); shift ;;
  esac
done
case "$engine" in postgresql|sqlite) ;; *) usage >&2; exit 2 ;; esac
[ -e "$suite/Tests/Run.py" ] || die "--suite-directory must name a checkout of orthanc-tests"
[ -e "$expected" ] || die "$expected: no such file"
suite=$(realpath "$suite")
expected=$(realpath "$expected")

remove_all()
{
  docker ps --all --quiet --filter "name=$PREFIX" | xargs --no-run-if-empty docker rm --force --volumes
  docker volume ls --quiet --filter "name=$PREFIX" | xargs --no-run-if-empty docker volume rm
  docker network ls --quiet --filter "name=$PREFIX" | xargs --no-run-if-empty docker network rm
} > /dev/null

# start NAME OPTION...: a container that others reach by its name
start()
{
  local name=$1
  shift
  docker run --detach --init --name "$PREFIX-$name" --network "$PREFIX" --network-alias "$name" "$@" > /dev/null
}

start_replica()
{
  start "$1" --env "REPLICA=$1" --env "CONFIGURATION=$configuration" --volume "$PREFIX:/var/lib/orthanc/storage" \
    "orthanc-registry/suite:$TAG" \
    sh -c 'printf "%s" "$CONFIGURATION" > /tmp/orthanc.json && exec Orthanc /tmp/orthanc.json'
}

run_suite()
{
  docker exec "$PREFIX-partner" python3 /runner/run.py --suite-directory /suite --server "$1" --rest "$2" \
    --replicas "${#replicas[@]}" --expected /expected --exceptions /exceptions \
    --configuration "$engine${balanced:+-balanced}" "${tests[@]}"
}

ensure_docker
if [ -n "$build" ]; then
  build_replica forky
  build_image balancer forky
  build_image database forky
  build_image suite forky Dockerfile.suite
fi

replicas=(orthanc1)
if [ -n "$balanced" ]; then replicas+=(orthanc2 orthanc3); fi

say "orthanc-tests on $engine, ${#replicas[@]} replica(s)"
trap remove_all EXIT
docker network create "$PREFIX" > /dev/null
docker volume create "$PREFIX" > /dev/null
start partner --volume "$suite:/suite:ro" --volume "$TESTS_DIRECTORY/Suite:/runner:ro" --volume "$expected:/expected:ro" \
  --volume "$TESTS_DIRECTORY/orthanc-tests-exceptions.txt:/exceptions:ro" \
  "orthanc-registry/suite:$TAG" sleep infinity
if [ "$engine" = postgresql ]; then
  start database --env POSTGRES_USER=orthanc --env POSTGRES_DB=orthanc --env POSTGRES_PASSWORD=orthanctest \
    orthanc-registry/database:forky
fi
configuration=$(docker exec "$PREFIX-partner" python3 /runner/configure.py /suite "$engine" "${balanced:+balancer}")
for replica in "${replicas[@]}"; do
  start_replica "$replica"
done
server=orthanc1 port=8042
if [ -n "$balanced" ]; then
  start balancer --env ORTHANC_USER=alice --env ORTHANC_PASSWORD=orthanctest \
    --volume "$DOCKER_DIRECTORY/haproxy.cfg:/etc/haproxy/registry.cfg:ro" orthanc-registry/balancer:forky
  server=balancer port=8080
fi

run_suite "$server" "$port" && code=0 || code=$?
if [ "$code" -gt 1 ] || [ -n "${REGISTRY_LOGS:-}" ]; then
  for replica in "${replicas[@]}"; do docker logs --tail 40 "$PREFIX-$replica"; done
fi
exit "$code"
