#!/usr/bin/env bash
# Usage: scripts/backup.sh [--native | --containers] [--passphrase-file FILE] [--to FOLDER]
#
# Saves a running stack into one file, while it serves: both databases as they were in one moment, uploaded files, certificates
# and .env. The file is veil-DOMAIN-TIME.tar, readable by you alone, and beside it is its checksum, .sha256. It holds every
# secret of the server: encrypt it, or keep it where only you can read. scripts/restore.sh brings it back.
#   --native           the stack of scripts/up.sh; what is taken when there is one
#   --containers       the stack of docker compose
#   --passphrase-file FILE   encrypts with the first line of FILE (AES-256; the name then ends in .tar.enc)
#   --to FOLDER        where the file goes   (the current folder)
# The database must run; for a backup that no change of an account or a group cuts in two, changes pause for some
# milliseconds. Ends with 0 only when the file is whole.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env compose state process keeper services target snapshot archive; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

which='' to=$PWD WORK=
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --native | --containers) which=$1 ;;
        --passphrase-file | --to)
            [[ ${2:-} ]] || die "$1 needs a value"
            if [[ $1 == --to ]]; then to=$2; else PASSPHRASE_FILE=$2; fi
            shift
            ;;
        *) die "unknown option: $1" "scripts/backup.sh --help" ;;
    esac
    shift
done

# What a restore that was killed may have left in a volume.
LEFT_BEHIND=(--exclude=./.restore --exclude=./.before)

# save_database NAME
save_database() {
    database_tool pg_dump -Fc --snapshot="${SNAPSHOTS[$1]}" -d "$1" >"$WORK/$1.dump"
    close_session "$1"
}

# Uploads come after the databases: whatever a saved message names is there.
save_uploads() {
    local code=0
    if [[ $KIND == native ]]; then
        tar -C "$STATE/ejabberd/upload" --owner=0 --group=0 -c . >"$WORK/uploads.tar" 2>"$WORK/tar.err" || code=$?
    else
        in_volumes tar -C /var/lib/veil/uploads "${LEFT_BEHIND[@]}" -c . >"$WORK/uploads.tar" 2>"$WORK/tar.err" || code=$?
    fi
    # 1: a file grew while it was read, which no saved message can name.
    ((code <= 1)) || { cat -- "$WORK/tar.err" >&2; die "the uploads could not be read"; }
}

save_certificates() {
    if [[ $KIND == native ]]; then
        (cd -- "$VEIL_CERTS" && find . -maxdepth 1 -type f \( -name '*.pem' -o -name '*.key' \) -print0 |
            tar --null -T - --owner=0 --group=0 -c) >"$WORK/certs.tar"
    else
        in_volumes tar -C /certs --exclude='./draft.*' "${LEFT_BEHIND[@]}" -c . >"$WORK/certs.tar"
    fi
}

write_manifest() {
    printf '%s\n' "format=$ARCHIVE_FORMAT" "made=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "domain=$XMPP_DOMAIN" "kind=$KIND" \
        "migration=$(database_migration)" "postgresql=$(sql postgres 'SHOW server_version_num')" >"$WORK/MANIFEST"
}

# Secrets may be in files of their own, and push providers give keys as files.
say_what_is_missing() {
    local name
    for name in "${VEIL_NAMES[@]}"; do
        [[ $name != *_FILE && $name != *_PATH || $name == EJABBERD_CA_FILE || ! ${!name} || ! -e ${!name} ]] ||
            echo "note: not in the backup, keep it elsewhere: ${!name} ($name)" >&2
    done
}

clean_up() {
    local name
    for name in "${!SESSION_IN[@]}"; do close_session "$name"; done
    [[ ! $WORK ]] || rm -rf -- "$WORK"
}

# step TEXT COMMAND...
step() {
    local started text=$1
    started=$(now_ms)
    shift
    "$@"
    say_since "$started" "$text"
}

check_passphrase
[[ -d $to && -w $to ]] || die "there is no folder $to that can be written to"
load_env
[[ -f $VEIL_ENV_FILE ]] || die "there is no $VEIL_ENV_FILE: what is not in it would not be in the backup"
choose_kind "$which"
choose_services
if [[ $KIND == native ]]; then
    has_state || die "there is no stack in $STATE"
    lock_state
fi
database_answers || die "the database does not run, or cannot be reached by $(id -un)"
[[ $(sql veil "SELECT to_regclass('group_operations') IS NOT NULL") == t ]] || die "the API has never run: there is nothing to save"
make_work "$to/.veil-backup"
trap clean_up EXIT
trap 'exit 130' INT TERM
begun=$(now_ms)
step "paused changes, took one moment of both databases, let changes go on" take_snapshots
for database in veil ejabberd; do
    step "saved the database $database" save_database "$database"
done
step "saved the uploaded files" save_uploads
save_certificates
cat -- "$VEIL_ENV_FILE" >"$WORK/env"
write_manifest
name=veil-$XMPP_DOMAIN-$(date -u +%Y%m%dT%H%M%SZ).tar${PASSPHRASE_FILE:+.enc}
[[ ! -e $to/$name ]] || die "$to/$name is there already"
write_archive "$to/$name"
say_what_is_missing
say_since "$begun" "backup: $to/$name ($(du -h -- "$to/$name" | cut -f 1))"
