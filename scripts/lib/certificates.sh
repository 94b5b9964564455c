# shellcheck shell=bash
# The certificates in VEIL_CERTS, which is the current folder here: an authority of our own (ca.pem, ca.key), what it signs
# for connections between the services (internal.pem), and what clients see (server.pem): signed by it too, unless a public
# authority or the operator put another one there. What was made is noted in MADE.

MADE=()
draft= # folder for what is not finished

# Names that clients check: a public certificate must have them all.
client_names() {
    printf '%s\n' "$XMPP_DOMAIN" "$XMPP_HOST" "$HTTP_UPLOAD_DOMAIN" "$TURN_DOMAIN" "$SIP_DOMAIN" | tr '[:upper:]' '[:lower:]' |
        sort -u
}

# ejabberd's other hosts: addresses within XMPP, where nobody connects to.
host_names() { printf '%s\n' {muc,upload,pubsub}."${XMPP_DOMAIN,,}"; }

# Every name and address of a certificate, as openssl prints them, sorted.
internal_names() { printf '%s\n' DNS:ejabberd{,-admin} DNS:localhost 'IP Address:127.0.0.1' 'IP Address:0:0:0:0:0:0:0:1' | sort; }

server_names() {
    {
        { client_names && host_names && printf '%s\n' "$SERVER_IP"; } |
            sed -E 's/^(([0-9]+\.){3}[0-9]+)$/IP Address:\1/; t; /:/d; s/^/DNS:/'
        internal_names
    } | sort -u
}

certified_names() { openssl x509 -in "$1" -noout -ext subjectAltName | sed 1d | tr ',' '\n' | sed 's/^ *//' | sort -u; }

# lasts FILE DAYS
lasts() { openssl x509 -in "$1" -noout -checkend $(($2 * 86400)) >/dev/null 2>&1; }

end_of() { openssl x509 -in "$1" -noout -enddate | sed 's/^notAfter=//'; }

# fits_key CERTIFICATE KEY
fits_key() {
    [[ -s $1 && -s $2 && $(openssl x509 -in "$1" -noout -pubkey) == "$(openssl pkey -in "$2" -pubout 2>/dev/null)" ]]
}

# names_missing_in FILE: the clients' names that it is not for, wildcards considered.
names_missing_in() {
    local name
    while IFS= read -r name; do
        openssl x509 -in "$1" -noout -checkhost "$name" | grep -q 'does match' || echo "$name"
    done < <(client_names)
}

# serves_clients CERTIFICATE KEY: can it be shown to them?
serves_clients() { fits_key "$1" "$2" && lasts "$1" 0 && [[ ! $(names_missing_in "$1") ]]; }

# Signed by an authority that make_ca made, be it the present one or one that is gone.
is_ours() { [[ -s $1 ]] && openssl x509 -in "$1" -noout -issuer | grep -q 'CN = Veil development CA$'; }

ca_is_good() { [[ -s ca.pem ]] && lasts ca.pem 30; }

# leaf_is_good NAME: of our own authority, for exactly the names that NAME_names prints, and for another 30 days.
leaf_is_good() {
    fits_key "$1.pem" "$1.key" && lasts "$1.pem" 30 &&
        openssl verify -CAfile ca.pem "$1.pem" >/dev/null 2>&1 &&
        [[ $(certified_names "$1.pem") == "$("$1_names")" ]]
}

# One from elsewhere is the operator's: it is never replaced, and one that serves nobody is said.
demand_foreign() {
    local missing
    fits_key server.pem server.key || die "$VEIL_CERTS/server.key is not the key of server.pem" \
        "put the right pair there, or remove both for a certificate of our own authority"
    missing=$(names_missing_in server.pem)
    [[ ! $missing ]] || die "$VEIL_CERTS/server.pem, which is not of our own authority, is not for: ${missing//$'\n'/ }" \
        "put one there that is, or remove server.pem and server.key for one of our own"
    lasts server.pem 0 || echo "note: $VEIL_CERTS/server.pem ended on $(end_of server.pem): no client will connect" >&2
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

# make_leaf NAME
make_leaf() {
    local names subject=$XMPP_DOMAIN
    # ejabberd takes the subject for a name, too.
    [[ $1 == server ]] || subject=localhost
    [[ -s ca.key ]] || die "$VEIL_CERTS/$1.pem does not fit any more and there is no ca.key to make a new one" \
        "put a certificate there for: $("$1_names" | tr '\n' ' ')"
    names=$("$1_names" | sed 's/^IP Address:/IP:/' | paste -s -d ,)
    new_key "$draft/$1.key"
    openssl req -new -key "$draft/$1.key" -subj "/CN=${subject:0:64}" |
        openssl x509 -req -sha256 -days 397 -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" \
            -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
                extendedKeyUsage=serverAuth subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
                "subjectAltName=$names") -out "$draft/$1.pem" 2>/dev/null
    # The authority itself signs, so the chain below it is one certificate.
    put_pair "$1"
}

# put_pair NAME: the draft's certificate and key take their places.
put_pair() {
    chmod 0644 "$draft/$1.pem"
    chmod 0600 "$draft/$1.key"
    mv -f "$draft/$1.key" "$draft/$1.pem" .
}

# What our own authority has to make.
make_own() {
    if ! ca_is_good; then
        make_ca
        MADE+=("the certificate authority")
    fi
    if ! leaf_is_good internal; then
        make_leaf internal
        MADE+=("the internal certificate")
    fi
    if [[ -s server.pem ]] && ! is_ours server.pem; then
        demand_foreign
    elif ! leaf_is_good server; then
        make_leaf server
        MADE+=("the server certificate")
    fi
}
