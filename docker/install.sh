#!/bin/bash
# Usage: install.sh "PART..." PACKAGE...
# Run while an image is built: makes the user that all containers run as, and installs the packages that
# scripts/lib/packages.sh lists for those parts, and further ones (a name, or name=version).
set -euo pipefail

# shellcheck source=/dev/null
source "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
# One number for all: they share the volume with the certificates, whose key is readable by its owner alone.
groupadd --gid 10001 veil
useradd --uid 10001 --gid veil --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin veil

# Debian's packages would start their daemon, or make a cluster.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/veil.conf
# The downloaded packages stay in the build cache; pages for people stay out of the image.
rm -f /etc/apt/apt.conf.d/docker-clean
printf 'path-exclude /usr/share/%s/*\n' doc man locale info lintian >/etc/dpkg/dpkg.cfg.d/veil-small

export DEBIAN_FRONTEND=noninteractive
read -ra packages <<<"$(for part in $1; do packages_of "$part"; done | tr '\n' ' ')"
apt-get -qq update
apt-get -qq install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${packages[@]}" dumb-init "${@:2}" >/dev/null

rm -rf /usr/sbin/policy-rc.d /var/log/* /var/cache/debconf/*-old /var/lib/dpkg/*-old
install -d -o veil -g veil -m 0700 /var/lib/veil /var/lib/veil/db /var/lib/veil/uploads /var/lib/veil/keys /certs
