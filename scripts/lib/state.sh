# shellcheck shell=bash
# The state directory: everything the stack writes. As root it must be where service users can enter and only root can
# rename; when VEIL_STATE is not such a place, the real directory is /var/lib/veil/<hash> and VEIL_STATE links to it.

STATE=      # the real directory
STATE_LINK= # what VEIL_STATE names

# Can every user pass through this directory, and nobody but root replace what is in it?
safe_for_root() {
    local dir=$1 owner mode
    while :; do
        read -r owner mode < <(stat -c '%u %a' -- "$dir")
        ((owner == 0 && (8#$mode & 1) && (!(8#$mode & 8#022) || (8#$mode & 8#1000)))) || return 1
        [[ $dir != / ]] || return 0
        dir=$(dirname -- "$dir")
    done
}

find_state() {
    local base
    STATE_LINK=$VEIL_STATE
    [[ $STATE_LINK == /* ]] || STATE_LINK=$ROOT/$STATE_LINK
    base=$(realpath -m -- "$(dirname -- "$STATE_LINK")")
    STATE_LINK=${base%/}/$(basename -- "$STATE_LINK")
    STATE=$STATE_LINK
    if is_root && ! safe_for_root "$(existing_parent "$base")"; then
        STATE=/var/lib/veil/$(printf %s "$STATE_LINK" | sha256sum | cut -c1-16)
    fi
    [[ $STATE =~ ^[[:alnum:]/._+\ -]+$ ]] || die "VEIL_STATE: only letters, digits, spaces and . _ + - are possible: $STATE"
    # A unix socket's path has 107 bytes at most.
    ((${#STATE} <= 70)) || die "VEIL_STATE is too long for PostgreSQL's socket (70 characters at most): $STATE"
}

existing_parent() {
    local dir=$1
    until [[ -d $dir ]]; do dir=$(dirname -- "$dir"); done
    echo "$dir"
}

make_state() {
    if [[ $STATE != "$STATE_LINK" ]]; then
        mkdir -p /var/lib/veil
        chmod 0711 /var/lib/veil
        mkdir -p -- "$(dirname -- "$STATE_LINK")"
        [[ -L $STATE_LINK || ! -d $STATE_LINK ]] || rmdir -- "$STATE_LINK" 2>/dev/null ||
            die "$STATE_LINK is in the way: as root the state lives in $STATE, and this becomes a link to it"
        [[ -L $STATE_LINK ]] || ln -s -- "$STATE" "$STATE_LINK"
        [[ $(readlink -- "$STATE_LINK") == "$STATE" ]] || die "$STATE_LINK does not lead to $STATE; remove it"
    fi
    mkdir -p -- "$STATE"
    [[ -e $STATE/.veil-state || -z $(ls -A -- "$STATE" 2>/dev/null) ]] ||
        die "$STATE is neither empty nor made by this script; choose another VEIL_STATE"
    lock_state
    if is_root; then chmod 0711 -- "$STATE"; else chmod 0700 -- "$STATE"; fi
    mkdir -p -- "$STATE/run" "$STATE/log"
    : >"$STATE/.veil-state"
}

# One script at a time works on a state.
lock_state() {
    [[ -O $STATE ]] || die "$STATE belongs to $(stat -c %U -- "$STATE"); run as that user or choose another VEIL_STATE"
    exec 9<"$STATE"
    flock -w 300 9 || die "another script has been working on $STATE for five minutes"
}

has_state() { [[ -e $STATE/.veil-state ]]; }

# The mark goes last, so that an interrupted wipe can be repeated.
wipe_state() {
    find "$STATE" -mindepth 1 -maxdepth 1 ! -name .veil-state -exec rm -rf --one-file-system -- {} +
    rm -rf --one-file-system -- "$STATE"
    [[ ! -L $STATE_LINK ]] || rm -f -- "$STATE_LINK"
}

# own USER DIR: a directory that only USER can enter.
own() {
    mkdir -p -- "$2"
    ! is_root || chown -- "$1:" "$2"
    chmod 0700 -- "$2"
}

# put_pair_for USER FOLDER: its own copy of what clients see, certificate and key.
put_pair_for() {
    local file
    for file in server.pem server.key; do put_file "$1" "$2/$file" <"$VEIL_CERTS/$file"; done
}

# certificates_of SERVICE: what tells its copies from others.
certificates_of() { find "$STATE/$1" -maxdepth 1 \( -name '*.pem' -o -name '*.key' \) -exec sha256sum {} + | sort; }

# put_file USER FILE: makes FILE, readable by USER alone, from standard input; never half-written.
put_file() {
    local draft
    draft=$(mktemp "$2.XXXXXX")
    cat >"$draft"
    ! is_root || chown -- "$1:" "$draft"
    chmod 0600 -- "$draft"
    mv -f -- "$draft" "$2"
}
