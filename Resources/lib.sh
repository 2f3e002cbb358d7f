# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What build.sh, quickstart.sh and test.sh share: Docker, base images, images. Meant to be sourced.

RESOURCES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$RESOURCES")
DOCKER_DIRECTORY=$RESOURCES/Docker
# Read by the scripts that source this file
export ROOT DOCKER_DIRECTORY

say() { printf '\n== %s\n' "$*"; }

die()
{
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

APT_UPDATED=

# need PACKAGE CHECK...: installs the Debian package unless the command CHECK succeeds
need()
{
  local package=$1
  shift
  if "$@" > /dev/null 2>&1; then return; fi
  [ "$(id -u)" = 0 ] || die "install the package $package, or run this as root"
  say "Installing $package"
  [ -n "$APT_UPDATED" ] || apt-get update -qq
  APT_UPDATED=yes
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" > /dev/null
}

# wait_for SECONDS DESCRIPTION COMMAND...: until the command succeeds
wait_for()
{
  local deadline=$((SECONDS + $1)) description=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "$description: not ready in time"
    sleep 0.5
  done
}

ensure_docker()
{
  need docker.io command -v docker
  need docker-compose "$DOCKER_DIRECTORY/compose.sh" version
  if docker info > /dev/null 2>&1; then return; fi
  [ "$(id -u)" = 0 ] || die "no Docker daemon answers: start it, join the group docker, or run this as root"
  say "Starting the Docker daemon"
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    grep -q cgroup /proc/mounts || cgroupfs-mount
    setsid dockerd > /var/log/dockerd.log 2>&1 < /dev/null &
  fi
  wait_for 60 "the Docker daemon (see /var/log/dockerd.log)" docker info
}

# The public image when it can be pulled, else the same made from Debian's packages. The label of an image made here
# says whether the dates of the mirror can be relied on.
ensure_base()
{
  local image=debian:$1-slim
  if docker image inspect "$image" > /dev/null 2>&1; then return; fi
  say "Base image $image"
  if timeout 60 docker pull --quiet "$image" 2> /dev/null; then return; fi
  echo "It cannot be pulled: making it with debootstrap"
  bootstrap_base "$1" "$image"
}

bootstrap_base()
{
  [ "$(id -u)" = 0 ] || die "debootstrap needs root; or pull $2 first"
  need debootstrap command -v debootstrap
  local directory script=$1 valid_until=true
  directory=$(mktemp -d)
  # An older debootstrap does not know the names of newer suites; all of them are made like sid
  [ -e "/usr/share/debootstrap/scripts/$1" ] || script=sid
  debootstrap --variant=minbase "$1" "$directory" "" "$script" > "$directory.log" 2>&1 \
    || { tail -n 20 "$directory.log" >&2; die "debootstrap failed"; }
  chroot "$directory" apt-get update -qq 2> /dev/null || valid_until=false
  rm -rf "$directory"/var/cache/apt/archives/*.deb "$directory"/var/lib/apt/lists/* "$directory"/var/cache/apt/*.bin
  tar --directory "$directory" --one-file-system --create . \
    | docker import --change "LABEL apt-check-valid-until=$valid_until" - "$2" > /dev/null
  rm -rf "$directory" "$directory.log"
}

# build_image STAGE SUITE [DOCKERFILE]
build_image()
{
  ensure_base "$2"
  local valid_until log
  valid_until=$(docker image inspect --format '{{ index .Config.Labels "apt-check-valid-until" }}' "debian:$2-slim")
  [ -n "$valid_until" ] && [ "$valid_until" != "<no value>" ] || valid_until=true
  say "Image orthanc-registry/$1:$2"
  log=$(mktemp)
  docker build --file "$DOCKER_DIRECTORY/${3:-Dockerfile}" --target "$1" --build-arg "SUITE=$2" --build-arg "APT_CHECK_VALID_UNTIL=$valid_until" \
    --tag "orthanc-registry/$1:$2" "$DOCKER_DIRECTORY" > "$log" 2>&1 || { tail -n 40 "$log" >&2; die "docker build failed"; }
  rm -f "$log"
}

# build_replica SUITE [OPTION...]: the plugins where the Dockerfile looks for them, and the image of a replica
build_replica()
{
  local suite=$1
  shift
  "$RESOURCES/build.sh" --suite "$suite" --output "$DOCKER_DIRECTORY/plugins/$suite" "$@"
  build_image orthanc "$suite"
}
