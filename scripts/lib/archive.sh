# shellcheck shell=bash
# The one file of a backup: a tar of exactly these members, encrypted if a passphrase is given. SHA256SUMS covers the others.

# shellcheck disable=SC2034 # read by the scripts that source this
ARCHIVE_FORMAT=1
ARCHIVE_MEMBERS=(MANIFEST SHA256SUMS certs.tar ejabberd.dump env uploads.tar veil.dump)
PASSPHRASE_FILE=

# make_work PREFIX: sets WORK to a folder of this run, whose name begins like that. Those of runs that were killed hold
# everything in the clear: they are removed. A run that lives, or a child of it, holds the lock on its own.
make_work() {
    local old
    for old in "$1".*; do
        [[ ! -d $old || -L $old || ! -O $old ]] || (exec 7<"$old" && flock -n 7 && rm -rf -- "$old") || true
    done
    # Another run may take the new one for left behind until it is locked.
    until [[ $WORK && -d $WORK ]]; do
        WORK=$(mktemp -d "$1.XXXXXX")
        ! { exec 7<"$WORK"; } 2>/dev/null || flock 7
    done
}

# AES-256-CBC, the key from PBKDF2-HMAC-SHA256. What was altered does not fit SHA256SUMS, which is encrypted with the rest.
cipher() { openssl enc "$@" -aes-256-cbc -md sha256 -pbkdf2 -iter 600000 -salt -pass "file:$PASSPHRASE_FILE"; }

check_passphrase() {
    [[ $PASSPHRASE_FILE ]] || return 0
    [[ -f $PASSPHRASE_FILE && -r $PASSPHRASE_FILE ]] || die "the passphrase file cannot be read: $PASSPHRASE_FILE"
    (($(head -n 1 -- "$PASSPHRASE_FILE" | tr -d '\n' | wc -c) >= 12)) ||
        die "the first line of $PASSPHRASE_FILE is the passphrase: it must have twelve characters or more"
    [[ $(stat -L -c %a -- "$PASSPHRASE_FILE") != *[4567] ]] || echo "note: everybody may read $PASSPHRASE_FILE" >&2
}

# write_archive FILE: from WORK; beside it FILE.sha256. Neither is there before it is whole.
write_archive() {
    (cd -- "$WORK" && sha256sum -- MANIFEST certs.tar ejabberd.dump env uploads.tar veil.dump >SHA256SUMS)
    tar -C "$WORK" --owner=0 --group=0 --numeric-owner -c "${ARCHIVE_MEMBERS[@]}" |
        if [[ $PASSPHRASE_FILE ]]; then cipher -e; else cat; fi >"$WORK/archive"
    sync -- "$WORK/archive"
    (cd -- "$WORK" && sha256sum <archive | sed "s/-$/${1##*/}/" >sum)
    mv -- "$WORK/sum" "$1.sha256"
    mv -- "$WORK/archive" "$1"
}

is_encrypted() { [[ $(head -c 8 -- "$1") == Salted__ ]]; }

# plain_archive FILE: decrypted, on standard output.
plain_archive() { if is_encrypted "$1"; then cipher -d <"$1"; else cat -- "$1"; fi; }

# read_archive FILE: unpacks it into WORK. Nothing but the members can get there, and all sums must be right.
read_archive() {
    local found
    [[ -f $1 && -r $1 ]] || die "there is no backup $1"
    if [[ -e $1.sha256 ]]; then
        [[ $(cut -d ' ' -f 1 <"$1.sha256") == "$(sha256sum <"$1" | cut -d ' ' -f 1)" ]] ||
            die "$1 is damaged: its checksum is not the one in ${1##*/}.sha256"
    else
        echo "note: there is no ${1##*/}.sha256; only the sums inside are checked" >&2
    fi
    ! is_encrypted "$1" || [[ $PASSPHRASE_FILE ]] || die "$1 is encrypted: give --passphrase-file"
    found=$(plain_archive "$1" 2>/dev/null | tar -t 2>/dev/null | sort) || true
    [[ $found == "$(printf '%s\n' "${ARCHIVE_MEMBERS[@]}" | sort)" ]] ||
        die "$1 is no backup of Veil, is damaged, or the passphrase is wrong"
    plain_archive "$1" 2>/dev/null | tar -C "$WORK" -x --no-same-owner --no-same-permissions ||
        die "$1 is damaged: it cannot be read to its end"
    (cd -- "$WORK" && [[ ! -L SHA256SUMS && $(wc -l <SHA256SUMS) == 6 ]] && sha256sum --check --strict --status SHA256SUMS) ||
        die "$1 is damaged: what is inside does not fit its checksums"
}

# manifest NAME: what the backup says about itself.
manifest() { sed -n "s/^$1=//p" "$WORK/MANIFEST"; }
