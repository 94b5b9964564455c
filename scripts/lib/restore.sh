# shellcheck shell=bash
# The parts of scripts/restore.sh. Everything is made beside what is there, with names that end in .restore or _restore, and
# changes places at the end by renaming.

stop_command() { if [[ $KIND == native ]]; then echo "scripts/down.sh"; else echo "docker compose --profile '*' down"; fi; }
start_command() { if [[ $KIND == native ]]; then echo "scripts/up.sh"; else echo "docker compose up -d --wait"; fi; }

check_manifest() {
    [[ $(manifest format) == "$ARCHIVE_FORMAT" ]] || die "this backup has the format $(manifest format), which this version cannot read"
    # Names begin with a number of three digits.
    [[ ! $(manifest migration) > $(own_migration) ]] ||
        die "this backup has the schema $(manifest migration), this checkout only $(own_migration)" "update the checkout first"
    (($(manifest postgresql) < 160000)) || die "this backup is of a newer PostgreSQL ($(manifest postgresql)) than 15"
}

# The configuration of the backup is in force from here on, from a file beside .env.
draft_env() {
    ORIGINAL_ENV=$VEIL_ENV_FILE
    DRAFT_ENV=$VEIL_ENV_FILE.restore
    cat -- "$WORK/env" >"$DRAFT_ENV"
    VEIL_ENV_FILE=$DRAFT_ENV
}

start_database() {
    DATABASE_IS_OURS=1
    if [[ $KIND == native ]]; then
        bring_up db >"$STATE/log/restore.log" || die "the database did not start"
    else
        compose up -d --wait --no-deps db >"$WORK/compose.log" 2>&1 || { tail -n 20 -- "$WORK/compose.log" >&2; die "the database did not start"; }
    fi
}

stop_database() {
    DATABASE_IS_OURS=0
    if [[ $KIND == native ]]; then db_stop >/dev/null; else compose stop db >/dev/null 2>&1; fi
}

refuse_data() {
    local count
    [[ $(sql veil "SELECT to_regclass('accounts') IS NOT NULL") == t ]] || return 0
    count=$(sql veil 'SELECT count(*) FROM accounts')
    ((count == 0)) || die "there are $count accounts here now: --replace gives them up"
}

owner_of() { if [[ $1 == veil ]]; then echo veil_owner; else echo "$1"; fi; }

# load_database NAME
load_database() {
    sql postgres "DROP DATABASE IF EXISTS $1_restore WITH (FORCE)" 2>/dev/null
    sql postgres "CREATE DATABASE $1_restore OWNER $(owner_of "$1") TEMPLATE template0 ENCODING 'UTF8'"
    database_tool pg_restore --exit-on-error --single-transaction -d "$1_restore" <"$WORK/$1.dump" ||
        die "the database $1 could not be loaded"
    sql "$1_restore" ANALYZE
}

# A volume of the containers cannot be renamed: what is in its FOLDER changes places with what is beside it in there.
# draft_volume FOLDER <TAR
draft_volume() {
    # shellcheck disable=SC2016 # the container's shell expands it
    in_volumes bash -c 'cd "$0" && rm -rf .restore && mkdir -m 0700 .restore && tar -C .restore -x -p' "$1" ||
        die "the files could not be unpacked"
}

# volume_changes_places FOLDER
volume_changes_places() {
    # shellcheck disable=SC2016 # the container's shell expands it
    in_volumes bash -c 'cd "$0" && rm -rf .before && mkdir -m 0700 .before &&
        find . -mindepth 1 -maxdepth 1 ! -name .before ! -name .restore -exec mv -t .before -- {} + &&
        find .restore -mindepth 1 -maxdepth 1 -exec mv -t . -- {} + && rm -rf .restore .before' "$1" </dev/null
}

draft_files() {
    if [[ $KIND == containers ]]; then
        draft_volume /var/lib/veil/uploads <"$WORK/uploads.tar"
        draft_volume /certs <"$WORK/certs.tar"
        return
    fi
    rm -rf -- "$VEIL_CERTS.restore" "$STATE/upload.restore"
    mkdir -m 0755 -- "$VEIL_CERTS.restore"
    tar -C "$VEIL_CERTS.restore" -x -p --no-same-owner -f "$WORK/certs.tar"
    mkdir -m 0700 -- "$STATE/upload.restore"
    tar -C "$STATE/upload.restore" -x -p --no-same-owner -f "$WORK/uploads.tar"
    ! is_root || chown -R -- "$(user_of ejabberd):" "$STATE/upload.restore"
}

# put_in_place NEW OLD: a folder; what was there is removed afterwards.
put_in_place() {
    rm -rf -- "$2.before"
    [[ ! -e $2 ]] || mv -T -- "$2" "$2.before"
    mv -T -- "$1" "$2"
    rm -rf -- "$2.before"
}

files_change_places() {
    if [[ $KIND == native ]]; then
        own "$(user_of ejabberd)" "$STATE/ejabberd"
        put_in_place "$STATE/upload.restore" "$STATE/ejabberd/upload"
        rm -rf -- "$STATE/ejabberd/spool" # what ejabberd knew of the sessions and rooms that were open
        put_in_place "$VEIL_CERTS.restore" "$VEIL_CERTS"
    else
        volume_changes_places /var/lib/veil/uploads
        volume_changes_places /certs
    fi
    mv -f -- "$DRAFT_ENV" "$ORIGINAL_ENV"
    VEIL_ENV_FILE=$ORIGINAL_ENV
}

# The databases first, both or none; the rest are renames. The databases that were there go last. Who may connect to the new
# ones is said at the next start, as at every start.
change_places() {
    local started
    started=$(now_ms)
    sql postgres "DROP DATABASE IF EXISTS veil_before WITH (FORCE)" 2>/dev/null
    sql postgres "DROP DATABASE IF EXISTS ejabberd_before WITH (FORCE)" 2>/dev/null
    sql postgres 'BEGIN; ALTER DATABASE veil RENAME TO veil_before; ALTER DATABASE veil_restore RENAME TO veil;
        ALTER DATABASE ejabberd RENAME TO ejabberd_before; ALTER DATABASE ejabberd_restore RENAME TO ejabberd; COMMIT;' ||
        die "the databases did not change places; nothing has changed"
    HALF_DONE=1
    files_change_places
    HALF_DONE=0
    sql postgres 'DROP DATABASE veil_before WITH (FORCE)'
    sql postgres 'DROP DATABASE ejabberd_before WITH (FORCE)'
    say_since "$started" "changed places"
}

# Whatever happened: nothing half-made stays, and a database that was started for this is stopped.
DRAFT_ENV='' ORIGINAL_ENV='' DATABASE_IS_OURS=0 HALF_DONE=0
remove_drafts() {
    if ((HALF_DONE)); then
        echo "error: the databases are the backup's, but not all files are yet: run the same command again, with --replace" >&2
    elif ((DATABASE_IS_OURS)); then
        sql postgres 'DROP DATABASE IF EXISTS veil_restore WITH (FORCE)' 2>/dev/null || true
        sql postgres 'DROP DATABASE IF EXISTS ejabberd_restore WITH (FORCE)' 2>/dev/null || true
        [[ $KIND == native ]] || in_volumes rm -rf /var/lib/veil/uploads/.restore /certs/.restore </dev/null || true
    fi
    ((!DATABASE_IS_OURS)) || stop_database
    [[ ! $DRAFT_ENV ]] || rm -f -- "$DRAFT_ENV"
    [[ $KIND != native ]] || rm -rf -- "${VEIL_CERTS:?}.restore" "${STATE:?}/upload.restore"
}
