#!/usr/bin/env bash
# Usage: scripts/deploy.sh [--domain NAME] [--host NAME] [--ip ADDRESS] [--email ADDRESS|none [--staging]]
#                          [--non-interactive] [--dry-run]
#
# Installs Veil on a server of your own, in containers: checks the machine, installs docker if it is missing, makes .env with
# random secrets, builds the images, starts everything, gets certificates, and ends with a report on each service. Run it again
# at any time, to repair, or to upgrade after git pull: what is right stays as it is, and it says so when nothing had to change.
#   --domain NAME     domain of the accounts: alice@NAME
#   --host NAME       host name that clients connect to   (the domain)
#   --ip ADDRESS      public address of this server   (the one this machine sends from)
#   --email ADDRESS   public certificates from Let's Encrypt, see scripts/setup-certs.sh; none: without a mail address
#   --staging         from its test authority
#   --non-interactive asks nothing: what is neither given nor in .env has its default; a domain is needed
#   --dry-run         checks the machine and says what would be done; changes nothing
# Ends with 0 only when every service is healthy.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env env-edit ports state compose certificates authority machine; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

DOMAIN='' HOST='' IP='' EMAIL='' STAGING=0 ASK=1 DRY_RUN=0
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --non-interactive) ASK=0 ;;
        --dry-run) DRY_RUN=1 ;;
        --staging) STAGING=1 ;;
        --domain | --host | --ip | --email)
            [[ ${2:-} ]] || die "$1 needs a value"
            name=${1#--}
            printf -v "${name^^}" %s "$2"
            shift
            ;;
        *) die "unknown option: $1" "scripts/deploy.sh --help" ;;
    esac
    shift
done
[[ ! $DOMAIN || $DOMAIN =~ ^[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$ ]] || die "this is no domain: $DOMAIN"
[[ ! $HOST || $HOST =~ ^[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$ ]] || die "this is no host name: $HOST"
[[ ! $IP || $IP =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || die "this is no IPv4 address: $IP"
[[ $EMAIL || $STAGING == 0 ]] || die "--staging is for --email"

# choose NAME QUESTION DEFAULT: what was given, else what .env has, else what is answered, else the default.
choose() {
    local answer=
    [[ ! ${!1} ]] || return 0
    if ((ASK)) && [[ -t 0 ]]; then
        read -r -p "$2${3:+ [$3]}: " answer
    fi
    printf -v "$1" %s "${answer:-$3}"
}

in_env() { [[ ! -e $VEIL_ENV_FILE ]] || env_value "$1"; }

choose_values() {
    DOMAIN=${DOMAIN:-$(in_env XMPP_DOMAIN)} HOST=${HOST:-$(in_env XMPP_HOST)} IP=${IP:-$(in_env SERVER_IP)}
    choose DOMAIN "Domain of the accounts (alice@...)" ''
    [[ $DOMAIN ]] || die "which domain? Give --domain"
    choose HOST "Host name that clients connect to" "$DOMAIN"
    choose IP "Public address of this server" "$(guess_address)"
    [[ $IP ]] || die "which address do clients reach this server at? Give --ip"
    [[ -e $VEIL_ENV_FILE || $EMAIL ]] || choose EMAIL "Mail address for Let's Encrypt (none: without; empty: own certificates)" ''
}

fill_env() {
    if [[ ! -e $VEIL_ENV_FILE ]]; then
        create_env
        CHANGED+=("all of it")
    fi
    env_choose XMPP_DOMAIN "$DOMAIN"
    env_choose XMPP_HOST "$HOST"
    env_choose SERVER_IP "$IP"
    [[ $(env_value SIP_DOMAIN) ]] || env_put SIP_DOMAIN "$DOMAIN"
    [[ $(env_value TURN_DOMAIN) ]] || env_put TURN_DOMAIN "$HOST"
    [[ $(env_value HTTP_UPLOAD_DOMAIN) ]] || env_put HTTP_UPLOAD_DOMAIN "$HOST"
    env_fill_secrets
}

# Shows the checks and fails when one of them is bad.
show_checks() {
    local word subject found code=0
    while IFS=$'\t' read -r word subject found; do
        printf '    %-4s  %-10s  %s\n' "$word" "$subject" "$found"
        [[ $word != bad ]] || code=1
    done
    return "$code"
}

install_docker() {
    has_compose && return 0
    echo "==> installing docker from Debian"
    if is_root; then "$here/lib/install-docker.sh"; else sudo -- "$here/lib/install-docker.sh"; fi
}

# quietly TITLE COMMAND...: its output is shown when it fails.
quietly() {
    local title=$1 started log code=0
    started=$(now_ms) log=$(mktemp)
    shift
    "$@" >"$log" 2>&1 </dev/null || code=$?
    if ((code)); then
        tail -n 40 -- "$log" >&2
        title+=": FAILED"
    fi
    rm -f -- "$log"
    say_since "$started" "$title"
    return "$code"
}

# One from elsewhere is there before ejabberd starts, which does not with one that is for other names, or for nobody.
deliver_certificate() {
    ! is_ours "$VEIL_CERTS/server.pem" && serves_clients "$VEIL_CERTS/server.pem" "$VEIL_CERTS/server.key" || return 0
    quietly "gave the containers $VEIL_CERTS/server.pem" put_server_certificate || die "the certificate could not be delivered"
}

# As many API servers as there are.
api_containers() {
    local count
    count=$(compose ps -q api 2>/dev/null | wc -l)
    echo $((count > 1 ? count : 1))
}

# What a second run leaves alone; of a stack that does not run there is less to compare.
present_state() {
    {
        cat -- "$VEIL_ENV_FILE"
        compose ps -aq | sort
        compose exec -T ejabberd sha256sum /certs/server.pem || true
    } 2>/dev/null | sha256sum
}

refuse_repeated_names
choose_values
# Checked with the values that .env will have.
# shellcheck disable=SC2034 # read by the checks
XMPP_DOMAIN=${DOMAIN,,} XMPP_HOST=${HOST,,} SERVER_IP=$IP SIP_DOMAIN=$(in_env SIP_DOMAIN) TURN_DOMAIN=$(in_env TURN_DOMAIN) \
    HTTP_UPLOAD_DOMAIN=$(in_env HTTP_UPLOAD_DOMAIN)
SIP_DOMAIN=${SIP_DOMAIN:-$DOMAIN} TURN_DOMAIN=${TURN_DOMAIN:-$HOST} HTTP_UPLOAD_DOMAIN=${HTTP_UPLOAD_DOMAIN:-$HOST}
load_env
refuse_value_files
begun=$(now_ms)
echo "==> the machine"
check_machine | show_checks || die "this machine is not ready: see what is bad above"
if ((DRY_RUN)); then
    echo "==> would now: fill $VEIL_ENV_FILE (XMPP_DOMAIN=$DOMAIN XMPP_HOST=$HOST SERVER_IP=$IP, missing secrets), build the images," \
        "start them$([[ ! $EMAIL ]] || echo ", ask for public certificates"); nothing was changed"
    exit 0
fi
install_for base
install_docker
before=$([[ ! -e $VEIL_ENV_FILE ]] || present_state)
fill_env
[[ ! ${CHANGED[*]} ]] || echo "==> wrote to $VEIL_ENV_FILE: ${CHANGED[*]}"
unnamed=$(services_unnamed) || die "docker compose cannot read its configuration: its words are above"
[[ ! $unnamed ]] || die "these run, but $VEIL_ENV_FILE does not name them: ${unnamed//$'\n'/ }" \
    "name them there, with COMPOSE_PROFILES or COMPOSE_FILE (docs/containers.md)," \
    "or stop everything first: docker compose --profile '*' down --remove-orphans"
quietly "images built (minutes the first time)" compose build || die "the images could not be built"
deliver_certificate
started_well=1
quietly "containers started" compose up -d --wait --remove-orphans --scale "api=$(api_containers)" || started_well=0
if [[ $EMAIL ]]; then
    arguments=(--email "$EMAIL")
    ((!STAGING)) || arguments+=(--staging)
    "$here/setup-certs.sh" "${arguments[@]}" || started_well=0
fi
# shellcheck source=/dev/null
source "$here/lib/report.sh"
health_report || started_well=0
[[ $before != "$(present_state)" ]] || echo "==> nothing had to change"
((started_well)) || die "not every service is healthy" "look at: docker compose logs SERVICE"
firewall_hints
say_since "$begun" "$DOMAIN is up"
