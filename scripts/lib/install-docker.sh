#!/usr/bin/env bash
# Usage: install-docker.sh   (as root)
# Installs Debian's docker.io, and the plugins compose 2 and buildx. Debian has them as packages since version 13; on Debian 12
# they are taken out of those packages, whose signatures apt verifies, and put where docker looks for plugins.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=/dev/null
source "$here/common.sh"
umask 022

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 0)) || die "this script takes no arguments"
is_root || die "installing packages needs root"
[[ $(sed -n 's/^ID=//p' /etc/os-release) == debian ]] ||
    die "this is not Debian: install docker and its compose plugin as your system does it, then come back"

PLUGIN_SUITE=trixie
PLUGINS=${DOCKER_CONFIG:-/usr/local/lib/docker}/cli-plugins
export DEBIAN_FRONTEND=noninteractive
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

apt_quietly() { apt-get -q -o Dpkg::Use-Pty=0 "$@" >"$folder/log" 2>&1 || { tail -n 20 -- "$folder/log" >&2; die "apt-get failed: $*"; }; }

# An apt of its own that knows nothing but the other suite, at the mirrors this machine uses.
private_apt() {
    mkdir -p "$folder"/{parts,lists/partial,cache/archives/partial,deb}
    # shellcheck disable=SC2016 # the braces are apt's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -v security | sort -u |
        sed "s|.*|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] & $PLUGIN_SUITE main|" | head -n 1 >"$folder/parts/plugins.list"
    printf '%s\n' 'Dir::Etc::SourceList "/dev/null";' "Dir::Etc::SourceParts \"$folder/parts\";" \
        "Dir::State::Lists \"$folder/lists\";" "Dir::Cache \"$folder/cache\";" 'Acquire::Languages "none";' \
        'APT::Sandbox::User "root";' >"$folder/apt.conf"
}

plugins_from_next_debian() {
    local package
    private_apt
    (
        export APT_CONFIG=$folder/apt.conf
        cd -- "$folder/deb" || exit
        apt_quietly update
        apt_quietly download docker-compose docker-buildx
    )
    mkdir -p -- "$PLUGINS"
    for package in "$folder"/deb/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$PLUGINS" --no-same-owner --strip-components=5 \
            --wildcards './usr/libexec/docker/cli-plugins/*'
    done
}

apt_quietly update
command -v dockerd >/dev/null || apt_quietly install -y --no-install-recommends docker.io iptables
if ! docker compose version >/dev/null 2>&1; then
    if [[ $(apt-cache policy docker-compose | sed -n 's/^  Candidate: //p') == 2.* ]]; then
        apt_quietly install -y --no-install-recommends docker-compose docker-buildx
    else
        plugins_from_next_debian
    fi
fi
docker compose version >/dev/null || die "docker has no compose plugin still"
[[ ! -d /run/systemd/system ]] || systemctl --quiet enable --now docker
