# shellcheck shell=bash
# The stack in containers, as docker-compose.yml describes it.

# What the caller's environment says wins over .env, in containers too. What the native stack has in these variables later is
# not for them.
declare -A OF_CALLER=()
while IFS= read -r name; do OF_CALLER[$name]=${!name}; done < <(compgen -e)

# Scripts go to other folders, and COMPOSE_FILE may name files of this one.
VEIL_ENV_FILE=$(realpath -m -s -- "$VEIL_ENV_FILE")

# compose ARGUMENT...: docker compose for this checkout, with the present configuration.
compose() {
    local name command=(docker compose --project-directory "$ROOT" --env-file "$VEIL_ENV_FILE" "$@")
    (
        for name in "${!OF_CALLER[@]}"; do export "$name=${OF_CALLER[$name]}"; done
        cd -- "$ROOT" || exit
        exec "${command[@]}"
    )
}

has_compose() { command -v docker >/dev/null && docker compose version >/dev/null 2>&1; }

# container_services STATUS...: names of the services that have containers in one of these states, one a line.
container_services() { compose ps --services "${@/#/--status=}" 2>/dev/null | sed '/^$/d'; }

# Services that are up, well or not.
services_up() { container_services running restarting paused | sort; }

# Services that are up though the configuration does not name them: compose leaves those alone, and they keep their ports.
services_unnamed() {
    local named
    named=$(compose config --services) || return 1
    comm -13 <(sort <<<"$named") <(services_up)
}

# in_volumes PROGRAM ARGUMENT...: runs it in a container of its own that has the volumes with certificates and uploads.
in_volumes() {
    local program=$1
    shift
    compose --progress quiet run --rm --no-deps -T --entrypoint "$program" ejabberd "$@"
}

# Whether there is anything of the stack in containers, be it only what the last one left.
has_volumes() { docker volume inspect "$(compose config 2>/dev/null | sed -n 's/^name: //p')_certs" >/dev/null 2>&1; }

# What clients see goes from here to where containers find it, whether they run or not. It takes its place when it is whole.
put_server_certificate() {
    tar -C "$VEIL_CERTS" -c server.pem server.key | in_volumes bash -c 'cd /certs && rm -rf draft.put && mkdir draft.put &&
        tar -C draft.put -x -p && mv -f draft.put/server.key draft.put/server.pem . && rmdir draft.put'
}
