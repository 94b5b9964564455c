#!/usr/bin/env bash
# Usage: probe.sh SERVICE
# Is the service of this container healthy? The native stack's own probe.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
for part in common env process probe; do
    # shellcheck source=/dev/null
    source "$root/scripts/lib/$part.sh"
done
# shellcheck source=/dev/null
source "$root/docker/container.sh"

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 1)) || die "one service is needed"
load_container "$1"
"$1_probe"
