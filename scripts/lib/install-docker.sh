#!/usr/bin/env bash
# Usage: install-docker.sh   (as root)
# Installs Debian's docker.io, and its plugins compose 2 and buildx.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common plugins; do
    # shellcheck source=/dev/null
    source "$here/$part.sh"
done
umask 022

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 0)) || die "this script takes no arguments"
is_root || die "installing packages needs root"
[[ $(sed -n 's/^ID=//p' /etc/os-release) == debian ]] ||
    die "this is not Debian: install docker and its compose plugin as your system does it, then come back"

PLUGINS=${DOCKER_CONFIG:-/usr/local/lib/docker}/cli-plugins
export DEBIAN_FRONTEND=noninteractive
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

apt_quietly() { apt-get -q -o Dpkg::Use-Pty=0 "$@" >"$folder/log" 2>&1 || { tail -n 20 -- "$folder/log" >&2; die "apt-get failed: $*"; }; }

apt_quietly update
command -v dockerd >/dev/null || apt_quietly install -y --no-install-recommends docker.io iptables
if ! docker compose version >/dev/null 2>&1; then
    if [[ $(apt-cache policy docker-compose | sed -n 's/^  Candidate: //p') == 2.* ]]; then
        apt_quietly install -y --no-install-recommends docker-compose docker-buildx
    else
        put_plugins "$PLUGINS" || die "docker's plugins could not be downloaded"
    fi
fi
docker compose version >/dev/null || die "docker has no compose plugin still"
[[ ! -d /run/systemd/system ]] || systemctl --quiet enable --now docker
