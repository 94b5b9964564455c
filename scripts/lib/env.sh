# shellcheck shell=bash
# The configuration: environment first, then .env, then what only the native stack does differently, then the
# defaults that .env.example shows. Nothing of it stays exported: a service is given its own variables only.

VEIL_ENV_FILE=${VEIL_ENV_FILE:-$ROOT/.env}
VEIL_NAMES=()   # every variable .env.example knows
VEIL_SECRETS=() # those it lists as required
VEIL_IN_FILE=() # those whose value a file holds, which NAME_FILE names

# What docker compose alone reads from the same file.
ONLY_FOR_COMPOSE='^(COMPOSE_.*|BIND_ADDRESS|INTERNAL_NET|EDGE_PREFIX|PUSH_KEYS|VEIL_TAG|BUILD_CA_FILE|LISTEN_IP|PROMETHEUS_PORT|(API|ADMIN|LB)_PUBLISHED)$'

example_lines() {
    [[ -r $ROOT/.env.example ]] || die "$ROOT/.env.example is missing"
    grep -E '^#?[A-Z][A-Z0-9_]*=' "$ROOT/.env.example"
}

# Makes .env from .env.example with random secrets, unless it is there.
create_env() {
    [[ ! -e $VEIL_ENV_FILE ]] || return 0
    local line draft started
    started=$(now_ms)
    draft=$(mktemp "$VEIL_ENV_FILE.XXXXXX")
    while IFS= read -r line || [[ $line ]]; do
        [[ ! $line =~ ^[A-Z][A-Z0-9_]*=$ ]] || line+=$(openssl rand -hex 32)
        printf '%s\n' "$line"
    done <"$ROOT/.env.example" >"$draft"
    mv -n -- "$draft" "$VEIL_ENV_FILE"
    rm -f -- "$draft"
    say_since "$started" "made $VEIL_ENV_FILE with random secrets"
}

# Takes the KEY=VALUE lines of .env as plain text; names it does not know are left out, so no line can reach
# PATH and the like. One pair of quotes around a value is removed.
read_env_file() {
    local line name value number=0
    while IFS= read -r line || [[ $line ]]; do
        number=$((number + 1))
        line=${line%$'\r'}
        [[ ! $line =~ ^[[:space:]]*(#|$) ]] || continue
        [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || die "$1, line $number is not KEY=VALUE"
        name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
        [[ ! $name =~ $ONLY_FOR_COMPOSE ]] || continue
        if ! in_list "$name" "${VEIL_NAMES[@]}"; then
            echo "note: $1, line $number: $name is unknown and ignored" >&2
            continue
        fi
        if [[ $value =~ ^\"(.*)\"[[:space:]]*$ || $value =~ ^\'(.*)\'[[:space:]]*$ ]]; then
            value=${BASH_REMATCH[1]}
        else
            value=${value%"${value##*[![:space:]]}"}
        fi
        [[ -v $name ]] || printf -v "$name" %s "$value"
    done <"$1"
}

load_env() {
    local line name value file lines
    lines=$(example_lines)
    while IFS= read -r line; do
        name=${line%%=*}
        [[ $line == \#* ]] || VEIL_SECRETS+=("$name")
        VEIL_NAMES+=("${name#\#}")
    done <<<"$lines"
    if [[ -e $VEIL_ENV_FILE ]]; then
        [[ -r $VEIL_ENV_FILE ]] || die "$VEIL_ENV_FILE cannot be read by $(id -un)"
        read_env_file "$VEIL_ENV_FILE"
    fi
    # Plain HTTP stays on this machine, and the admin API is where this stack puts it; asked for by name, as the certificate
    # for an address is the one that clients see.
    API_HOST=${API_HOST:-127.0.0.1}
    EJABBERD_API_URL=${EJABBERD_API_URL:-https://localhost:${EJABBERD_API_PORT:-5444}/api}
    while IFS= read -r line; do
        name=${line%%=*} value=${line#*=} name=${name#\#} file=${name}_FILE
        [[ ! ${!file:-} ]] || value=
        [[ -v $name ]] || printf -v "$name" %s "$value"
        export -n "${name?}"
    done <<<"$lines"
    VEIL_CERTS=$(realpath -m -- "${VEIL_CERTS:-$ROOT/certs}")
    check_values
}

# Takes values from the files that NAME_FILE variables name, by the server's rules. Only what starts services needs them.
read_value_files() {
    local name file value
    for name in "${VEIL_NAMES[@]}"; do
        file=${name}_FILE
        [[ ${!file:-} ]] || continue
        in_list "$file" "${VEIL_NAMES[@]}" || continue
        [[ ! ${!name:-} ]] || die "$name and $file are both set"
        [[ ${!file} == /* ]] || printf -v "$file" %s "$ROOT/${!file}"
        [[ -f ${!file} && -r ${!file} ]] || die "$file cannot be read: ${!file}"
        value=$(<"${!file}")
        value=${value%$'\r'}
        [[ $value || $name == *_PREVIOUS ]] || die "$file is an empty file: ${!file}"
        [[ $value != *[[:cntrl:]]* ]] || die "$file is not one line of text: ${!file}"
        printf -v "$name" %s "$value"
        VEIL_IN_FILE+=("$name")
    done
}

check_values() {
    local name
    for name in "${VEIL_NAMES[@]}"; do
        [[ ${!name} != *[[:cntrl:]]* ]] || die "$name holds a control character"
        [[ $name != *PORT && $name != *_PORT_* ]] || [[ ${!name} =~ ^[0-9]{1,5}$ && ${!name} -le 65535 ]] ||
            die "$name is not a port: ${!name}"
        [[ $name != *_DOMAIN && $name != XMPP_HOST ]] || [[ ${!name} =~ ^[A-Za-z0-9.-]+$ ]] ||
            die "$name is not a domain name: ${!name}"
    done
}

require_secrets() {
    local name empty=()
    for name in "${VEIL_SECRETS[@]}"; do
        [[ ${!name} ]] || empty+=("$name")
    done
    ((${#empty[@]} == 0)) || die "these are empty: ${empty[*]}" \
        "set them in $VEIL_ENV_FILE (a good value: openssl rand -hex 32)"
}
