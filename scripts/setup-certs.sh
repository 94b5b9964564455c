#!/usr/bin/env bash
# Usage: scripts/setup-certs.sh [--email ADDRESS|none [--staging] [--webroot FOLDER] [--server URL]]
#        scripts/setup-certs.sh --renewed
#
# Makes what the stack needs in certs/ (or VEIL_CERTS): an authority of our own (ca.pem, ca.key), the certificate of ejabberd's
# admin API (internal.pem, internal.key), and what clients see, for every name (server.pem with its chain, server.key). Does
# nothing while they are good; makes them anew when names changed or they end within 30 days. Keys are readable by you alone.
#
# Without options server.pem is signed by our own authority, which apps would have to be given: for development. One that you
# put there yourself is kept. With --email, which agrees to the authority's terms, certbot gets one from Let's Encrypt if every
# name leads to this machine and its port 80 is reached from outside. If that fails the reason is said, and what was there
# stays, or one of our own takes the place. certbot renews it and then calls --renewed, which lets every running service, here
# and in containers, read it without a restart.
#   --email ADDRESS   where the authority may write to; none: nowhere
#   --staging         Let's Encrypt's test authority, which clients do not trust and which has no narrow limits: a try, which is
#                     neither renewed nor put over a certificate from elsewhere
#   --webroot FOLDER  a web server has port 80 and serves this folder
#   --server URL      another authority that speaks ACME
# Read from the environment or .env: the names (XMPP_DOMAIN, XMPP_HOST, ...) and SERVER_IP.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env compose state process keeper services certificates authority reload; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

EMAIL='' STAGING=0 WEBROOT='' ACME_SERVER='' RENEWED=0
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --email) EMAIL=${2:-} ;;&
        --webroot) WEBROOT=${2:-} ;;&
        --server) ACME_SERVER=${2:-} ;;&
        --email | --webroot | --server)
            [[ ${2:-} ]] || die "$1 needs a value"
            shift
            ;;
        --staging) STAGING=1 ;;
        --renewed) RENEWED=1 ;;
        *) die "unknown option: $1" "scripts/setup-certs.sh --help" ;;
    esac
    shift
done
[[ $EMAIL || ! $WEBROOT$ACME_SERVER ]] || die "--webroot and --server are for --email"
[[ $EMAIL || $STAGING == 0 ]] || die "--staging is for --email"
[[ ! $EMAIL || $EMAIL == none || $EMAIL == ?*@?*.?* ]] || die "this is no mail address: $EMAIL"
[[ ! $WEBROOT || -d $WEBROOT ]] || die "there is no folder $WEBROOT"

started=$(now_ms)
install_for base
load_env
mkdir -p -- "$VEIL_CERTS"
chmod 0755 -- "$VEIL_CERTS"
cd -- "$VEIL_CERTS" || die "cannot enter $VEIL_CERTS"
# Before the lock: certbot calls this script again.
public=$RENEWED
[[ ! $EMAIL ]] || ! ask_authority || public=1
exec 8<.
flock 8
draft=$(mktemp -d "$PWD/draft.XXXXXX")
trap 'rm -rf -- "$draft"' EXIT
((!public)) || take_public || true
make_own
flock -u 8
for what in "${MADE[@]}"; do say_since "$started" "made $what in $VEIL_CERTS"; done
[[ $EMAIL || $RENEWED == 1 ]] || exit 0
if ! is_ours server.pem; then
    echo "==> clients see a certificate from elsewhere, until $(end_of server.pem)"
elif has_compose && [[ $(services_up) ]]; then
    echo "==> containers keep the certificate they have; if it is of their own authority, clients must be given what this prints:"
    echo "    docker compose exec -T ejabberd cat /certs/ca.pem"
else
    echo "==> clients see a certificate of our own authority: they must be given $VEIL_CERTS/ca.pem"
fi
reload_native
reload_containers
