#!/usr/bin/env bash
# Usage: scripts/up.sh [SERVICE...]
#
# Starts the stack on this machine, without containers: db, rtpengine, coturn, ejabberd, api, kamailio, or only those named.
# Installs what is missing, makes .env, certificates and databases when absent, and ends when everything answers. Run it again
# at any time: what runs is kept, what changed is restarted, and what dies is started again. All addresses are on loopback;
# scripts/down.sh stops it.
#
# Every variable of .env.example can be set in the environment, which wins over .env. Two stacks run side by side with
# another VEIL_STATE and other ports. Also read from the environment:
#   VEIL_STATE     folder for everything the stack writes   (.veil)
#   VEIL_ENV_FILE  file with the configuration              (.env)
#   VEIL_CERTS     folder with the certificates             (certs)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports render state process keeper probe services; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }

# The addresses of what was started, and a first request.
show_addresses() {
    local service
    echo
    for service in "${CHOSEN[@]}"; do "${service}_addresses"; done |
        while IFS=$'\t' read -r what where; do printf '    %-20s %s\n' "$what" "$where"; done
    in_list api "${CHOSEN[@]}" || return 0
    printf '\nRegister a first user:\n    curl -X POST http://%s:%s/api/v1/account/register -H "Content-Type: application/json" %s\n' \
        "$API_HOST" "$API_PORT" "-d '{\"username\":\"alice\",\"password\":\"correct horse battery\"}'"
}

begun=$(now_ms)
choose_services "$@"
install_for base "${CHOSEN[@]}"
create_env
load_env
read_value_files
require_secrets
find_state
make_state
(
    # All it needs to know; the rest of the configuration is not its business.
    export VEIL_ENV_FILE VEIL_CERTS XMPP_DOMAIN XMPP_HOST SIP_DOMAIN TURN_DOMAIN HTTP_UPLOAD_DOMAIN SERVER_IP
    exec "$here/setup-certs.sh"
)
! in_list api "${CHOSEN[@]}" || api_build
bring_all_up
say_since "$begun" "up: ${CHOSEN[*]}"
show_addresses
