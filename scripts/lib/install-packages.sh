#!/usr/bin/env bash
# Usage: install-packages.sh PACKAGE...   (as root)
# Installs Debian packages without letting any of them start a daemon or make a database cluster: the
# stack runs its own private ones. Whatever it changes for that is put back before it ends.

# shellcheck source=/dev/null
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
umask 022

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($#)) || die "no package given"
is_root || die "installing packages needs root"

policy=/usr/sbin/policy-rc.d
saved=$policy.veil-saved
no_cluster=/etc/postgresql-common/createcluster.d/veil-no-main-cluster.conf
log=$(mktemp)
mark='made by install-packages.sh'

put_back() {
    rm -f -- "$policy" "$no_cluster"
    [[ ! -e $saved ]] || mv -- "$saved" "$policy"
    rmdir --ignore-fail-on-non-empty /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null || true
    rm -f -- "$log"
}

# A run that was killed may have left its own file, and the original as the saved one.
[[ -e $saved || ! -e $policy ]] || grep -q "$mark" "$policy" || mv -- "$policy" "$saved"
trap put_back EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
chmod 755 "$policy"
mkdir -p "${no_cluster%/*}"
echo 'create_main_cluster = false' >"$no_cluster"

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold)
echo "==> installing: $*"
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends -- "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "apt-get could not install the packages"
fi

# Debian enables a service it installs: the stock ones would take the stack's ports after the next boot.
for package in ejabberd kamailio rtpengine-daemon coturn; do
    if in_list "$package" "$@" && command -v systemctl >/dev/null; then
        systemctl --quiet --no-reload disable "$package.service" || die "the stock $package.service could not be disabled"
    fi
done
