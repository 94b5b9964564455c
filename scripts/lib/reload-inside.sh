# shellcheck shell=bash
# Read by bash inside a container, with the name of its service: it reads new certificates without a restart.

for part in common env state process keeper probe; do
    # shellcheck source=/dev/null
    source "scripts/lib/$part.sh"
done
# shellcheck source=/dev/null
source docker/container.sh
load_container "$1"
# The first process is the container's; it passes signals on to the service.
# shellcheck disable=SC2034 # read by the service
running() { PID=1; }

before=$(certificates_of "$1")
# Where the authority of our own is.
[[ $1 != ejabberd ]] || (
    export VEIL_CERTS XMPP_DOMAIN XMPP_HOST SIP_DOMAIN TURN_DOMAIN HTTP_UPLOAD_DOMAIN SERVER_IP
    exec scripts/setup-certs.sh
)
"$1_certificates"
[[ $before != "$(certificates_of "$1")" ]] || exit 0
"$1_reload" || die "$1 did not read its new certificates; restart it: docker compose restart $1"
echo "==> $1: reads its new certificates, without a restart"
