# shellcheck shell=bash
# The three servers that are measured, each alone on SERVER_CORE and on loopback: veil-api with its private stack, nginx
# answering with the very bytes of the reference server, and the FastAPI peer. bench/http.sh sources this.

PEER_VARIABLES=(XMPP_DOMAIN XMPP_HOST XMPP_PORT_TLS XMPP_PORT_STARTTLS XMPP_PORT_WS XMPP_WS_URL SIP_DOMAIN SIP_PORT_TLS
    TURN_DOMAIN TURN_PORT TURN_PORT_TLS TURN_TTL HTTP_UPLOAD_DOMAIN SERVER_VERSION MIN_CLIENT_VERSION JWT_SECRET TURN_SECRET)

# Who nginx, the peer and wrk run as.
helper_user() { if is_root; then echo nobody; else id -un; fi; }

# ask PORT ROUTE [CURL-ARGUMENT...]: one request to the API of that port; fails unless it is answered with 2xx.
ask() {
    curl -q -s -S --fail-with-body --noproxy '*' --max-time 20 "${@:3}" "http://127.0.0.1:$1/api/v1/$2"
}

# The token reaches curl through a pipe, never through its arguments.
ask_as_user() { ask "$@" --header @<(printf 'Authorization: Bearer %s\n' "$TOKEN"); }

start_api() {
    local names
    mapfile -t names < <(api_variables)
    launch api "$(user_of api)" "$STATE/api" "${names[@]}" -- taskset -c "$SERVER_CORE" "$STATE/api/veil-api" serve
}

start_fastapi() {
    local user
    user=$(helper_user)
    own "$user" "$STATE/fastapi"
    put_file "$user" "$STATE/fastapi/fastapi_peer.py" <"$ROOT/bench/fastapi_peer.py"
    launch fastapi "$user" "$STATE/fastapi" "BENCH_PORT=$FASTAPI_PORT" PYTHONDONTWRITEBYTECODE=1 "${PEER_VARIABLES[@]}" -- \
        taskset -c "$SERVER_CORE" /usr/bin/python3 fastapi_peer.py
}

start_nginx() {
    local user
    user=$(helper_user)
    own "$user" "$STATE/nginx"
    nginx_conf | put_file "$user" "$STATE/nginx/nginx.conf"
    launch nginx "$user" "$STATE/nginx" -- \
        taskset -c "$SERVER_CORE" nginx -e error.log -p "$STATE/nginx" -c "$STATE/nginx/nginx.conf"
}

# The worker does the work; the master only waits.
worker_of() {
    local children child
    running "$1" || die "$1 is not running"
    [[ $1 == nginx ]] || { echo "$PID"; return; }
    mapfile -t children < <(family "$PID")
    ((${#children[@]} == 2)) || die "nginx has not exactly one worker"
    for child in "${children[@]}"; do
        [[ ${child% *} == "$PID" ]] || echo "${child% *}"
    done
}

nginx_location() {
    local body
    body=$(<"$STATE/body/${1//\//-}")
    [[ $body && $body != *[\'\\\$]* ]] || die "the answer of $1 cannot stand in nginx.conf: it is empty or holds ' \\ or \$"
    printf '        location = /api/v1/%s { return 200 '"'%s'"'; }\n' "$1" "$body"
}

nginx_conf() {
    local type
    type=$(<"$STATE/body/type")
    [[ $type =~ ^[a-z/+-]+$ ]] || die "not a plain content type: $type"
    cat <<CONF
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 256; }
http {
    access_log off;
    default_type $type;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:$NGINX_PORT;
CONF
    local route
    for route in "${ROUTES[@]}"; do nginx_location "$route"; done
    printf '    }\n}\n'
}

# keep_bodies PORT: what the reference server answers, for nginx to repeat.
keep_bodies() {
    local route
    mkdir -p "$STATE/body"
    for route in "${ROUTES[@]}"; do ask_as_user "$1" "$route" >"$STATE/body/${route//\//-}"; done
    ask_as_user "$1" "${ROUTES[0]}" -o /dev/null -w '%{content_type}' >"$STATE/body/type"
}

# same_answers TARGET PORT: it gives the reference's answers (TURN credentials differ with the second they are made in), and
# unless it is nginx, no credentials without a token.
same_answers() {
    local code
    ask_as_user "$2" server/info | cmp -s - "$STATE/body/server-info" || die "$1 answers server/info with another body"
    ask_as_user "$2" turn/credentials | /usr/bin/python3 -c '
import json, sys
mine, other = json.load(sys.stdin), json.load(open(sys.argv[1]))
user = [x.pop("username").partition(":")[2] for x in (mine, other)]
size = [len(x.pop("password")) for x in (mine, other)]
sys.exit(mine != other or user[0] != user[1] or size[0] != size[1])' "$STATE/body/turn-credentials" ||
        die "$1 answers turn/credentials with another body"
    [[ $1 != nginx ]] || return 0
    code=$(ask "$2" turn/credentials -o /dev/null -w '%{http_code}' 2>/dev/null || true)
    [[ $code == 401 ]] || die "$1 answers turn/credentials without a token with $code instead of 401"
}
