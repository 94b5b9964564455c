# shellcheck shell=bash
# The one list of Debian packages, by the part that needs them, and what of it is missing.

# npm downloads what /docs and /redoc show, and tools of the tests. A Node.js from elsewhere brings its own npm; Debian's
# would not go with it.
node_packages() {
    { command -v node && command -v npm; } >/dev/null || echo nodejs npm
}

packages_of() {
    case $1 in
        base) echo openssl ca-certificates curl ;;
        db) echo postgresql-15 ;;
        ejabberd) echo ejabberd erlang-p1-pgsql erlang-p1-oauth2 postgresql-client-15 ;;
        api) packages_of build ;;
        rtpengine) echo rtpengine-daemon ;;
        coturn) echo coturn ;;
        kamailio)
            echo kamailio kamailio-postgres-modules kamailio-tls-modules kamailio-websocket-modules \
                kamailio-utils-modules kamailio-extra-modules postgresql-client-15
            ;;
        build)
            echo clang-19 lld-19 cmake ninja-build pkg-config libboost1.81-dev libpqxx-dev libssl-dev \
                nlohmann-json3-dev libspdlog-dev libfmt-dev libnghttp2-dev prometheus-cpp-dev
            node_packages
            ;;
        test)
            packages_of build
            # llvm-19: names in what the sanitizers say; without it they write warnings into the log of the server they watch
            echo libclang-rt-19-dev llvm-19 libgtest-dev shellcheck python3-pytest python3-slixmpp python3-aiohttp \
                python3-jsonschema python3-prometheus-client python3-pytest-xdist chromium
            ;;
        hold)
            packages_of build
            echo python3-slixmpp slowhttptest libfaketime postgresql-client-15 curl
            ;;
        engine) echo docker.io iptables iproute2 ;;
        debootstrap) echo debootstrap ;;
        compose) echo python3-pytest python3-slixmpp python3-aiohttp python3-yaml shellcheck yamllint chromium && node_packages ;;
        calls) echo sip-tester baresip-core ;;
        certbot) echo certbot ;;
        *) die "no package list is called $1" ;;
    esac
}

# Those of the given packages that dpkg does not report as installed, one a line.
missing_packages() {
    local installed
    # shellcheck disable=SC2016 # the braces are dpkg-query's
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
    printf '%s\n' "$@" | sort -u | grep -vxF -f <(printf '%s\n' "$installed") || true
}

# install_for PART...: installs what those parts miss; needs root only when something is missing.
install_for() {
    local part wanted=() missing started
    for part in "$@"; do
        read -ra words <<<"$(packages_of "$part" | tr '\n' ' ')"
        wanted+=("${words[@]}")
    done
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    ((${#missing[@]})) || return 0
    started=$(now_ms)
    if is_root; then
        "$ROOT/scripts/lib/install-packages.sh" "${missing[@]}"
    elif command -v sudo >/dev/null; then
        sudo -- "$ROOT/scripts/lib/install-packages.sh" "${missing[@]}"
    else
        die "these Debian packages are missing and there is no sudo: ${missing[*]}" \
            "install them as root: $ROOT/scripts/lib/install-packages.sh ${missing[*]}"
    fi
    say_since "$started" "installed ${#missing[@]} Debian packages"
}
