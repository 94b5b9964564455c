# shellcheck shell=bash
# The stack that is saved or restored: scripts/up.sh's, or containers. KIND says which.

KIND=

# choose_kind [--native | --containers]: without either, the native stack if it has a state here, else containers.
choose_kind() {
    KIND=${1#--}
    find_state
    [[ $KIND ]] || { has_state && KIND=native; } || KIND=containers
    in_list "$KIND" native containers || die "there is no stack of the kind $KIND"
    [[ $KIND == native ]] || has_compose || die "there is no docker compose here, and no native stack in $STATE"
}

# database_tool PROGRAM ARGUMENT...: of PostgreSQL, as its superuser, where the database is.
database_tool() {
    if [[ $KIND == native ]]; then
        as "$(user_of db)" PGCONNECT_TIMEOUT=5 -- "$@" -h "$STATE/db/socket" -p "$DB_PORT" -U postgres
    else
        compose exec -T -e PGCONNECT_TIMEOUT=5 db "$@" -h /var/lib/veil/db/socket -U postgres
    fi
}

# sql DATABASE STATEMENTS: as the superuser.
sql() { database_tool psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" <<<"$2"; }

# Names of the services that run and have to do with what is restored, one a line.
services_running() {
    local service
    if [[ $KIND == native ]]; then
        for service in "${SERVICES[@]}"; do
            if (running "$service") || kept "$service"; then echo "$service"; fi
        done
    else
        services_up | grep -E '^(db|ejabberd|api|kamailio|coturn)$' || true
    fi
}

database_answers() { sql postgres 'SELECT 1' >/dev/null 2>&1; }

# The newest migration this checkout knows, and the one a database has.
own_migration() { (cd -- "$ROOT/sql" && printf '%s\n' [0-9]*.sql) | sort | tail -n 1 | sed 's/\.sql$//'; }

database_migration() { sql veil "SELECT max(name) FROM schema_migrations"; }
