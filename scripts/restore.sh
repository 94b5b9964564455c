#!/usr/bin/env bash
# Usage: scripts/restore.sh [--native | --containers] [--passphrase-file FILE] [--replace | --check] BACKUP
#
# Brings back what scripts/backup.sh saved: both databases, uploaded files, certificates and .env. The stack must be stopped;
# it is stopped when this ends, too. Every checksum is verified before anything is touched, and until the whole backup has been
# loaded beside what is there, nothing of that changes; then all of it changes places. If it ends in between, or is killed, stop
# what runs and run it again, with --replace.
#   --native           for the stack of scripts/up.sh
#   --containers       for the stack of docker compose; without either, for the kind that was saved
#   --passphrase-file FILE   its first line is the passphrase of an encrypted backup
#   --replace          the accounts that are there now are given up; without it there must be none
#   --check            verifies the file and says what it holds; changes nothing
# A stack of either kind takes a backup of either kind. What clients did after the backup is gone: accounts made, passwords
# changed, messages; tokens that were revoked since are good again until they expire. See docs/operations.md.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports render compose state process keeper probe services target archive restore; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

which='' replace=0 only_check=0 backup='' WORK=
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --native | --containers) which=$1 ;;
        --passphrase-file)
            [[ ${2:-} ]] || die "$1 needs a value"
            # shellcheck disable=SC2034 # read by archive.sh
            PASSPHRASE_FILE=$2
            shift
            ;;
        --replace) replace=1 ;;
        --check) only_check=1 ;;
        -*) die "unknown option: $1" "scripts/restore.sh --help" ;;
        *)
            [[ ! $backup ]] || die "one backup at a time"
            backup=$1
            ;;
    esac
    shift
done
[[ $backup ]] || die "which backup?" "scripts/restore.sh --help"

clean_up() {
    local code=$?
    remove_drafts || true
    [[ ! $WORK ]] || rm -rf -- "$WORK"
    ((code == 0)) || echo "the restore failed" >&2
    exit "$code"
}

check_passphrase
begun=$(now_ms)
make_work "${TMPDIR:-/var/tmp}/veil-restore"
trap clean_up EXIT
trap 'exit 130' INT TERM
read_archive "$backup"
check_manifest
say_since "$begun" "verified: $(manifest domain), saved $(manifest made), schema $(manifest migration)"
((!only_check)) || exit 0

draft_env
load_env
choose_kind "${which:-$(manifest kind)}"
choose_services
if [[ $KIND == native ]]; then
    install_for db
    make_state
fi
running=$(services_running | tr '\n' ' ')
[[ ! $running ]] || die "the stack runs (${running% }): stop it first, with $(stop_command)"
started=$(now_ms)
start_database
((replace)) || refuse_data
say_since "$started" "started the database, alone"
for database in veil ejabberd; do
    started=$(now_ms)
    load_database "$database"
    say_since "$started" "loaded the database $database beside the present one"
done
started=$(now_ms)
draft_files
say_since "$started" "unpacked the files beside the present ones"
change_places
stop_database
say_since "$begun" "restored $(manifest domain) as it was at $(manifest made)"
echo "    start it with $(start_command)"
