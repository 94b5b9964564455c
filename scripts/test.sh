#!/usr/bin/env bash
# Usage: scripts/test.sh [--unit | --integration | --calls]
#
# Runs every test: module floors, shellcheck, unit tests, short fuzzing, and the integration tests against stacks of their
# own (free ports, own secrets, certificates and state in a temporary folder; .env and .veil are not touched); unit tests
# and all that runs at once a second time with ThreadSanitizer; then calls between browsers and phones through all services,
# and the short form of scripts/hold.sh; where CI=true, as build servers say, scripts/test-compose.sh too.
# --unit leaves out the stacks, --integration and --calls run nothing else. Installs what it needs. The last line is
# "N passed, N failed", and the exit code follows it; after a failure the folder with all logs is kept and named.
#   FUZZ_SECONDS  seconds per fuzz target (20)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper test test-fuzz test-e2e hold; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
only=${1:-}
in_list "$only" '' --unit --integration --calls || die "unknown option: $only"

FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/veil-test.XXXXXX")
exec 3>&2 # an interrupt may come while output goes to a log
trap clean_up EXIT
trap 'exit 130' INT TERM

install_for base db ejabberd test
[[ $only == --unit || $only == --integration ]] || install_for hold rtpengine coturn kamailio calls
cd -- "$ROOT" || exit
if [[ $only != --calls ]]; then
    check "build" build_debug
    check "build, ThreadSanitizer" build_tsan
fi
if [[ ! $only || $only == --unit ]]; then
    check "floors" /usr/bin/python3 tests/check_floors.py
    check "tests named in docs" /usr/bin/python3 tests/check_docs.py
    check "shellcheck" shellcheck .ci/run docker/*.sh scripts/*.sh scripts/*/*.sh
    suite "unit tests" unit_report build/debug/bin/veil-unit-tests "--gtest_output=json:$FOLDER/unit.json"
    unit_tsan
    suite "fuzzing" fuzz_report run_fuzz
fi
if [[ ! $only || $only == --integration ]]; then
    own_stack
    check "stacks up" stacks_up
    if ((OK)); then
        integration
        integration_tsan
    fi
    check "stacks down" stack_down
fi
[[ $only == --unit || $only == --integration ]] || calls
if [[ ! $only ]]; then
    hold
    containers
fi
summary
