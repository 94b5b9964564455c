#!/usr/bin/env bash
# Usage: scripts/setup-certs.sh
#
# Makes a development certificate authority and one server certificate for every name the stack answers to, in certs/
# (or VEIL_CERTS): ca.pem, ca.key, server.pem (with its chain), server.key. Does nothing while they are good; makes the
# server certificate anew when the names changed or it ends within 30 days. Not for production: use a public authority there.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 0)) || die "this script takes no arguments"

# Every name and address, as openssl prints them, sorted.
wanted_names() {
    printf 'DNS:%s\n' localhost ejabberd ejabberd-admin "$XMPP_DOMAIN" {muc,upload,pubsub}."$XMPP_DOMAIN" "$HTTP_UPLOAD_DOMAIN" \
        "$XMPP_HOST" "$TURN_DOMAIN" "$SIP_DOMAIN" | tr '[:upper:]' '[:lower:]' | sed 's/^dns:/DNS:/' |
        sed -E 's/^DNS:(([0-9]+\.){3}[0-9]+)$/IP Address:\1/' | sort -u
    printf 'IP Address:%s\n' 127.0.0.1 0:0:0:0:0:0:0:1
}

certified_names() {
    openssl x509 -in server.pem -noout -ext subjectAltName | sed 1d | tr ',' '\n' | sed 's/^ *//'
}

lasts() { openssl x509 -in "$1" -noout -checkend $((30 * 86400)) >/dev/null 2>&1; }

ca_is_good() { [[ -s ca.pem ]] && lasts ca.pem; }

server_is_good() {
    [[ -s server.pem && -s server.key ]] && lasts server.pem &&
        openssl verify -CAfile ca.pem server.pem >/dev/null 2>&1 &&
        [[ $(openssl x509 -in server.pem -noout -pubkey) == "$(openssl pkey -in server.key -pubout 2>/dev/null)" ]] &&
        [[ $(certified_names | sort -u) == "$(wanted_names | sort -u)" ]]
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

make_ca() {
    new_key "$draft/ca.key"
    openssl req -x509 -new -key "$draft/ca.key" -sha256 -days 3650 -subj "/CN=Veil development CA" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
        -out "$draft/ca.pem"
    chmod 0644 "$draft/ca.pem"
    mv -f "$draft/ca.key" "$draft/ca.pem" .
}

make_server() {
    local names
    [[ -s ca.key ]] || die "$VEIL_CERTS/server.pem does not fit any more and there is no ca.key to make a new one" \
        "put a certificate there for: $(wanted_names | tr '\n' ' ')"
    names=$(wanted_names | sed 's/^IP Address:/IP:/' | paste -s -d ,)
    new_key "$draft/server.key"
    openssl req -new -key "$draft/server.key" -subj "/CN=$XMPP_DOMAIN" |
        openssl x509 -req -sha256 -days 397 -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" \
            -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
                extendedKeyUsage=serverAuth subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
                "subjectAltName=$names") -out "$draft/server.pem" 2>/dev/null
    # The authority itself signs, so the chain below it is one certificate.
    chmod 0644 "$draft/server.pem"
    mv -f "$draft/server.key" "$draft/server.pem" .
}

started=$(now_ms)
install_for base
load_env
mkdir -p -- "$VEIL_CERTS"
chmod 0755 -- "$VEIL_CERTS"
cd -- "$VEIL_CERTS" || die "cannot enter $VEIL_CERTS"
exec 8<.
flock 8
draft=
trap '[[ ! $draft ]] || rm -rf -- "$draft"' EXIT
ca_is_good && server_is_good && exit 0
draft=$(mktemp -d "$PWD/draft.XXXXXX")
ca_is_good || make_ca
server_is_good || make_server
say_since "$started" "made the development certificates in $VEIL_CERTS"
