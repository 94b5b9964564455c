#!/usr/bin/env bash
# Usage: scripts/hold.sh [--short] [--seed N] [PART...]
#
# Holds the release build of veil-api up against load and faults, with a PostgreSQL and an ejabberd of its own (free ports, own
# secrets and state in a temporary folder), all on loopback. The parts, all of them unless some are named:
#   connections   10,000 idle keep-alive connections
#   slow          slowhttptest: slow headers, slow body, slow read, range
#   processes     two servers on one port share the work, and one goes on alone
#   mixed         20 minutes of mixed traffic while servers, database and ejabberd are killed; all that was acknowledged is
#                 checked afterwards
#   storage       a database that may only be read, and a full disk
#   clock         the server's clock jumps by an hour
# Ends with a table and with "N passed, N failed", which the exit code follows; after a failure the folder with all logs is
# kept and named. Installs what it needs.
#   --short       about three minutes instead of half an hour; scripts/test.sh runs it like that
#   --seed N      what is done and killed when, as in an earlier run (random, and printed)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper test hold; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

program=() seed=
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --short) program+=("$1") ;;
        --seed)
            [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || die "--seed takes a number"
            seed=$2
            shift
            ;;
        connections | slow | processes | mixed | storage | clock) program+=("$1") ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done
program+=(--seed "${seed:-$RANDOM}")

own_mounts "$0" "${program[@]}"
# shellcheck disable=SC2034 # read by lib
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/veil-hold.XXXXXX")
exec 3>&2 # an interrupt may come while output goes to a log
trap leave EXIT
trap 'exit 130' INT TERM

install_for base db ejabberd hold
cd -- "$ROOT" || exit
check "build, release" build_release
((!FAILED)) || exit 1
own_stack
export VEIL_API_BIN=$ROOT/build/release/bin/veil-api VEIL_FAKE_PUSH_BIN=$ROOT/build/release/bin/veil-fake-push
small_disk
check "stack up" "$here/up.sh" db ejabberd
((!FAILED)) || exit 1
run_program "${program[@]}"
