# shellcheck shell=bash
# PostgreSQL 15 as a private cluster: TCP on 127.0.0.1 for the roles, with passwords; a unix socket only its
# own user (and root) can reach for the superuser.

DB_BIN=/usr/lib/postgresql/15/bin
DB_SOCKET= # folder of the superuser's socket, when it is not the one that the configuration names

db_user() { echo postgres; }
db_ports() { echo DB_PORT; }
db_addresses() { printf 'PostgreSQL\t127.0.0.1:%s\n' "$DB_PORT"; }

# The cluster's names are fixed: migrations grant to them.
db_check() {
    local pair name
    for pair in DB_URL= DB_NAME=veil DB_USER=veil DB_MIGRATION_USER=veil_owner; do
        name=${pair%%=*}
        [[ ${!name} == "${pair#*=}" ]] || die "$name must be '${pair#*=}' for the database this script runs"
    done
    in_list "$DB_HOST" 127.0.0.1 localhost || die "DB_HOST must be 127.0.0.1 for the database this script runs"
}

db_prepare() {
    local user
    user=$(user_of db)
    db_check
    own "$user" "$STATE/db"
    own "$user" "$STATE/db/socket"
    if [[ ! -d $STATE/db/data ]]; then
        rm -rf -- "$STATE/db/data.new"
        as "$user" -- "$DB_BIN/initdb" --pgdata="$STATE/db/data.new" --username=postgres --encoding=UTF8 \
            --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 --no-instructions \
            >"$STATE/log/initdb.log" 2>&1 || { show_log initdb; die "initdb failed"; }
        mv -- "$STATE/db/data.new" "$STATE/db/data"
    fi
    render_to "$user" "$ROOT/config/postgres/postgresql.conf.in" "$STATE/db/postgresql.conf"
    render_to "$user" "$ROOT/config/postgres/pg_hba.conf.in" "$STATE/db/pg_hba.conf"
    { printf 'veil %s postgres\n' "$user"; ! is_root || echo 'veil root postgres'; } |
        put_file "$user" "$STATE/db/pg_ident.conf"
}

db_inputs() { cat -- "$STATE"/db/*.conf; }

# After a kill -9 the lock files of data and socket stay, and PostgreSQL takes a zombie for a live owner. They go once nothing
# is attached to the shared memory that is named there, that is, once the last orphaned backend has ended.
db_clear() {
    local lock=$STATE/db/data/postmaster.pid owner='' known='' shm=() tries=100
    [[ -e $lock && -e $STATE/run/db.pid ]] || return 0
    read -r owner <"$lock"
    read -r known _ <"$STATE/run/db.pid"
    [[ $owner == "$known" ]] || return 0
    read -ra shm < <(sed -n 7p "$lock") || true
    while awk -v id="${shm[1]:-}" '$2 == id && $7 > 0 { found = 1 } END { exit !found }' /proc/sysvipc/shm; do
        ((tries -= 1)) || die "processes of the PostgreSQL that was killed (pid $owner) do not end"
        sleep 0.1
    done
    rm -f -- "$lock" "$STATE"/db/socket/.s.PGSQL.*
}

# db_start [OPTION...]: options of postgres.
db_start() {
    launch db "$(user_of db)" "$STATE/db" -- "$DB_BIN/postgres" --config-file="$STATE/db/postgresql.conf" "$@"
}

db_socket() { echo "${DB_SOCKET:-$STATE/db/socket}"; }

db_probe() { as "$(user_of db)" -- pg_isready -q -t 3 -U postgres -d postgres -h "$(db_socket)" -p "$DB_PORT"; }

# The statements come on standard input; passwords come through the environment.
db_superuser() {
    as "$(user_of db)" PGCONNECT_TIMEOUT=5 DB_PASSWORD DB_MIGRATION_PASSWORD KAMAILIO_DB_PASSWORD EJABBERD_DB_PASSWORD -- \
        psql -X -q -v ON_ERROR_STOP=1 -h "$(db_socket)" -p "$DB_PORT" -U postgres -d postgres
}

# db_as ROLE DATABASE PASSWORD PSQL-ARGUMENT...: over TCP, as the services do it.
db_as() {
    as "$(id -un)" "PGPASSWORD=$3" PGCONNECT_TIMEOUT=5 -- \
        psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$DB_PORT" -U "$1" -d "$2" "${@:4}"
}

db_provision() {
    db_superuser <"$ROOT/config/postgres/roles.sql" || die "the database roles could not be made"
    db_as veil veil "$DB_PASSWORD" -c 'SELECT 1' >/dev/null || die "the role veil cannot use its database"
    db_as ejabberd ejabberd "$EJABBERD_DB_PASSWORD" -c 'SELECT 1' >/dev/null ||
        die "the role ejabberd cannot use its database"
}

# SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written.
db_stop() { stop_service db INT 30; }
