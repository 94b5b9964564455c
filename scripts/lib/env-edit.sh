# shellcheck shell=bash
# Filling in .env without touching what somebody has set there. Names of what was changed are kept in CHANGED.

CHANGED=()

# env_value NAME: what .env sets, without quotes.
env_value() { sed -n "s/^$1=//p" "$VEIL_ENV_FILE" | tail -n 1 | sed -E "s/^\"(.*)\"\$/\1/; s/^'(.*)'\$/\1/; s/[[:space:]]+\$//"; }

# env_put NAME VALUE: the value reaches no command line.
env_put() {
    local line draft found=0
    draft=$(mktemp "$VEIL_ENV_FILE.XXXXXX")
    while IFS= read -r line || [[ $line ]]; do
        if ((!found)) && [[ $line == "$1="* || $line == "#$1="* ]]; then
            line=$1=$2 found=1
        fi
        printf '%s\n' "$line"
    done <"$VEIL_ENV_FILE" >"$draft"
    ((found)) || printf '%s\n' "$1=$2" >>"$draft"
    mv -f -- "$draft" "$VEIL_ENV_FILE"
    CHANGED+=("$1")
}

# env_choose NAME VALUE: sets it where .env says nothing; another value than the one there is refused, as accounts, clients and
# DNS hang on it.
env_choose() {
    local present
    present=$(env_value "$1")
    if [[ ! $present ]]; then
        env_put "$1" "$2"
    elif [[ $present != "$2" ]]; then
        die "$1 is $present in $VEIL_ENV_FILE, not $2" "it is not changed here: edit the file if that is what you want"
    fi
}

# Of a name that is set twice docker takes the last value, and the scripts take the first.
refuse_repeated_names() {
    local names
    [[ -e $VEIL_ENV_FILE ]] || return 0
    names=$(sed -nE 's/^([A-Za-z_][A-Za-z0-9_]*)=.*/\1/p' "$VEIL_ENV_FILE" | sort | uniq -d | tr '\n' ' ')
    [[ ! $names ]] || die "$VEIL_ENV_FILE sets more than once: ${names% }" "leave one line of each"
}

# Containers are given values: what a file holds would never reach them, and a random value would take its place.
refuse_value_files() {
    local name files=()
    [[ -e $VEIL_ENV_FILE ]] || return 0
    while IFS= read -r name; do
        ! in_list "$name" "${VEIL_NAMES[@]}" || files+=("${name}_FILE")
    done < <(sed -nE "s/^([A-Z][A-Z0-9_]*)_FILE=[\"']?[^\"'[:space:]].*/\1/p" "$VEIL_ENV_FILE")
    ((${#files[@]} == 0)) || die "containers cannot read values from files: ${files[*]} in $VEIL_ENV_FILE" \
        "set the values themselves, each by the name without _FILE (docs/rotation.md)"
}

env_fill_secrets() {
    local name
    for name in "${VEIL_SECRETS[@]}"; do
        [[ $(env_value "$name") ]] || env_put "$name" "$(openssl rand -hex 32)"
    done
    [[ $(stat -c %a -- "$VEIL_ENV_FILE") == 600 ]] || chmod 0600 -- "$VEIL_ENV_FILE"
}
