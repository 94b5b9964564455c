#!/usr/bin/env bash
# Usage: scripts/lib/install-e2e.sh [FOLDER]
# Downloads what package-lock.json pins in FOLDER (tests/e2e) into node_modules there, unless it is there. No package's
# script runs.

# shellcheck source=/dev/null
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# < 2)) || die "unknown option: $2"

cd -- "$ROOT/${1:-tests/e2e}" || exit
command -v npm >/dev/null || die "npm is missing"
mkdir -p "$ROOT/build"
exec 9>"$ROOT/build/e2e.lock"
flock -w 900 9 || die "another download does not end"
wanted=$(sha256sum <package-lock.json)
[[ $(cat node_modules/.complete 2>/dev/null) == "$wanted" ]] && exit 0
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
printf '%s\n' "$wanted" >node_modules/.complete
