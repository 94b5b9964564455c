# shellcheck shell=bash
# The parts of scripts/test-compose.sh: a project of its own on free ports, and the tables at the end.

# A project that shares nothing with any other one, as far as building its images goes; $FOLDER/env is its operator's .env.
compose_project() {
    # shellcheck disable=SC2046 # names of variables
    unset $(example_lines | sed 's/^#//; s/=.*//')
    VEIL_ENV_FILE=$FOLDER/env
    create_env
    export VEIL_TAG=test-$$ PUSH_KEYS=$FOLDER/push-keys
    export COMPOSE_PROJECT_NAME=veil-test-$$ COMPOSE_FILE=$ROOT/docker-compose.yml COMPOSE_ENV_FILES=$VEIL_ENV_FILE
    # Behind a proxy that signs with its own authority npm has been told so; the build is told the same.
    export BUILD_CA_FILE=${BUILD_CA_FILE:-${npm_config_cafile:-${NODE_EXTRA_CA_CERTS:-/dev/null}}}
}

# The rest of its configuration, exported too: places on this machine that are free now, when they are about to be taken.
compose_places() {
    local name networks
    # Fifteen single ports, then 40 in a row for media, the first of which is even, and 20 for relays.
    until mapfile -t PORTS < <(free_ports 75) && ((PORTS[74] - PORTS[15] == 59 && PORTS[15] % 2 == 0)); do :; done
    mapfile -t networks < <(free_networks)
    ((${#networks[@]} == 2)) || die "the private networks within 172.16.0.0/12 are all taken here"
    cat >>"$VEIL_ENV_FILE" <<ENV
API_PORT=${PORTS[0]}
ADMIN_PORT=${PORTS[1]}
XMPP_PORT_STARTTLS=${PORTS[2]}
XMPP_PORT_TLS=${PORTS[3]}
XMPP_PORT_WS=${PORTS[4]}
XMPP_PORT_UPLOAD=${PORTS[5]}
SIP_PORT=${PORTS[6]}
SIP_PORT_TLS=${PORTS[7]}
SIP_PORT_WSS=${PORTS[8]}
TURN_PORT=${PORTS[9]}
TURN_PORT_TLS=${PORTS[10]}
RTP_PORT_MIN=${PORTS[15]}
RTP_PORT_MAX=${PORTS[54]}
TURN_RELAY_PORT_MIN=${PORTS[55]}
TURN_RELAY_PORT_MAX=${PORTS[74]}
TURN_SECRET_PREVIOUS=$(openssl rand -hex 32)
SIP_WS_URL=wss://127.0.0.1:${PORTS[8]}
TURN_URIS=turn:127.0.0.1:${PORTS[9]}?transport=udp,turn:127.0.0.1:${PORTS[9]}?transport=tcp,turns:127.0.0.1:${PORTS[10]}?transport=tcp
DEMO_PAGES=true
SIP_ALLOW_PLAIN_RTP=true
ENV
    limits_off >>"$VEIL_ENV_FILE"
    load_env
    for name in "${VEIL_NAMES[@]}"; do export "${name?}"; done
    unset API_HOST EJABBERD_API_URL # the native stack's
    export BIND_ADDRESS=127.0.0.1 INTERNAL_NET=${networks[0]}.0/24 EDGE_PREFIX=${networks[1]} PROMETHEUS_PORT=${PORTS[11]}
    # What the tests' own clients read.
    export VEIL_CERTS=$FOLDER/certs EJABBERD_CA_FILE=$FOLDER/certs/ca.pem VEIL_STATE=$FOLDER/state
    export VEIL_SCRIPTS=$ROOT/scripts VEIL_CALLS_FOLDER=$FOLDER/calls VEIL_FAKE_PUSH_EVENTS=$FOLDER/calls/pushes
    mkdir -p "$PUSH_KEYS" "$VEIL_CERTS" "$VEIL_CALLS_FOLDER"
}

# The first three numbers of two networks that meet neither a route of this machine nor a network of the engine.
free_networks() {
    # shellcheck disable=SC2046 # ids
    /usr/bin/python3 - $(docker network inspect -f '{{range .IPAM.Config}}{{println .Subnet}}{{end}}' $(docker network ls -q)) <<'PYTHON'
import ipaddress, random, sys
taken = [ipaddress.ip_network(text, strict=False) for text in sys.argv[1:]]
for line in list(open("/proc/net/route"))[1:]:
    address, mask = (int.from_bytes(bytes.fromhex(line.split()[i]), sys.byteorder) for i in (1, 7))
    bits = mask.bit_count()
    if bits >= 8:  # less is a way to everywhere
        taken.append(ipaddress.ip_network((address, bits)))
every = ipaddress.ip_network("172.16.0.0/12").subnets(new_prefix=24)
free = [one for one in every if not any(one.version == other.version and one.overlaps(other) for other in taken)]
for one in random.sample(free, min(2, len(free))):
    print(str(one).removesuffix(".0/24"))
PYTHON
}

# The certificate authority that the containers made, for clients outside.
fetch_authority() { docker compose exec -T ejabberd cat /certs/ca.pem >"$VEIL_CERTS/ca.pem"; }

lint() {
    "$ROOT/scripts/lib/install-e2e.sh" tests/compose &&
        docker compose config -q &&
        docker compose -f docker-compose.yml -f docker-compose.host-turn.yml config -q &&
        tests/compose/node_modules/.bin/dclint --max-warnings 0 docker-compose.yml docker-compose.host-turn.yml &&
        tests/compose/node_modules/.bin/dockerfilelint docker/*/Dockerfile &&
        yamllint -s . && shellcheck docker/*.sh scripts/*.sh scripts/*/*.sh
}

build_images() { docker compose --profile lb --profile monitoring build --no-cache 2>&1; }

project_down() {
    [[ ${COMPOSE_PROJECT_NAME:-} ]] || return 0
    docker compose logs --no-color >"$FOLDER/containers.log" 2>&1 || true
    docker compose --profile lb --profile monitoring down -v --remove-orphans --rmi local
}

# compose_suite TITLE FILE...: pytest on files of tests/compose.
compose_suite() {
    local title=$1
    shift
    suite "$title" integration_report run_pytest -c tests/compose/pytest.ini "${@/#/tests/compose/}"
}

run_compose_calls() {
    "$ROOT/scripts/lib/install-e2e.sh"
    (cd -- "$ROOT/tests/compose" &&
        node --test-reporter=../e2e/calls/reporter.mjs --test-reporter-destination=stdout calls.mjs) 2>&1
}

# timed TITLE COMMAND...: notes how long it took for the table.
timed() {
    local title=$1 started
    started=$(now_ms)
    shift
    "$@"
    TIMES+=("$(printf '%-28s %7.1f s' "$title" "$(($(now_ms) - started))e-3")")
}

sizes() {
    local image
    for image in $(docker compose --profile lb --profile monitoring config --images | sort); do
        printf '%-28s %7.0f MB\n' "${image%:*}" "$(docker image inspect -f '{{.Size}}' "$image" | sed 's/$/e-6/')"
    done
}

memory() {
    # shellcheck disable=SC2046 # ids
    docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' $(docker compose ps -q) | sed "s/^$COMPOSE_PROJECT_NAME-//" |
        sort | awk '{ printf "%-28s %10s of %s\n", $1, $2, $4 }'
}
