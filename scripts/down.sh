#!/usr/bin/env bash
# Usage: scripts/down.sh [--wipe] [SERVICE...]
#
# Stops what scripts/up.sh started with the same VEIL_STATE, or only the services named, last one first. Each is asked to
# end cleanly, waited for, and killed only when it does not end in time. Data stays; --wipe removes the whole state
# (databases, logs, uploads), but neither .env nor the certificates.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common env state process keeper services; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }

wipe=0
[[ ${1:-} == --wipe ]] && { wipe=1; shift; }
[[ ${1:-} != -* ]] || die "unknown option: $1"
((wipe == 0 || $# == 0)) || die "--wipe removes the whole state: it takes no service"

choose_services "$@"
load_env
find_state
if ! has_state; then
    echo "==> nothing to stop: there is no state in $STATE"
    exit 0
fi
lock_state
for ((i = ${#CHOSEN[@]} - 1; i >= 0; i--)); do "${CHOSEN[i]}_stop"; done
if ((wipe)); then
    wipe_state
    echo "==> removed $STATE"
fi
