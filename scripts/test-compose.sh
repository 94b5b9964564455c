#!/usr/bin/env bash
# Usage: scripts/test-compose.sh
#
# Builds the images without a cache, brings docker-compose.yml up on free ports of loopback as a project of its own, and does
# through the published ports what users do: sign in, write, call; then stops, kills and scales containers, and removes all
# of it. Uses the Docker engine that answers; as root it starts a private one where there is none. Installs what it needs.
# The last line is "N passed, N failed", and the exit code follows it: 0, or 1. Where no engine can be started nothing is
# shown: the last line says "not run", and the exit code is 77.
#   BUILD_CA_FILE  certificates npm shall trust while building, behind a proxy that signs with its own

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper test test-e2e plugins engine test-compose; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 0)) || die "unknown option: $1"

TIMES=()
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/veil-compose.XXXXXX")
chmod 0711 "$FOLDER"

# Whatever happened, neither containers nor the engine stay behind.
leave() {
    local code=$?
    trap - EXIT INT TERM
    project_down >"$FOLDER/down.log" 2>&1 || code=1
    engine_down || code=1
    ((DONE)) || echo "interrupted: logs are kept in $FOLDER" >&2
    ((code && code != 77)) || rm -rf -- "$FOLDER"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

started=$(now_ms)
install_for base
if ! engine_up "$FOLDER/engine" 2>"$FOLDER/engine.log"; then
    cat -- "$FOLDER/engine.log"
    DONE=1
    echo "not run: this machine has no Docker engine and cannot start one"
    exit 77
fi
say_since "$started" "a Docker engine answers"
install_for compose calls
cd -- "$ROOT" || exit
compose_project

timed "lint" check "lint" lint
timed "build, without a cache" check "build" build_images
((!OK)) || compose_places
((!OK)) || timed "up --wait" check "up" docker compose up -d --no-build --wait
if ((OK)); then
    mem=$(memory)
    check "certificate authority" fetch_authority
    compose_suite "files" test_published.py
    compose_suite "containers" test_containers.py
    timed "smoke" compose_suite "smoke" test_smoke.py
    timed "calls" suite "calls" calls_report run_compose_calls
    timed "scaled, two API servers" compose_suite "scaled" test_scaled.py
    timed "monitoring" compose_suite "monitoring" test_monitoring.py
    timed "stop, kill, start" compose_suite "faults" test_faults.py
    timed "deploy, renew, save, restore" compose_suite "operators" test_operations.py
    echo
    printf '%s\n' "${TIMES[@]}"
    printf '\nimages\n%s\n\nmemory of containers\n%s\n\n' "$(sizes)" "$mem"
fi
check "down" project_down
say_since "$started" "all of it"
summary
