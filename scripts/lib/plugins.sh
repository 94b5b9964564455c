# shellcheck shell=bash
# Docker's plugins compose 2 and buildx. Debian has them as packages since version 13: on Debian 12 they are taken out of those,
# whose signatures apt verifies.

PLUGIN_SUITE=trixie

# The mirror that this machine takes Debian 12 from.
debian_mirror() {
    # shellcheck disable=SC2016 # apt's own
    apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: bookworm" | sort -u | head -n 1
}

# private_apt FOLDER: an apt that knows nothing but that suite, at the mirror this machine uses.
private_apt() {
    mkdir -p "$1"/{parts,lists/partial,cache/archives/partial,deb}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $PLUGIN_SUITE main" >"$1/parts/plugins.list"
    printf '%s\n' 'Dir::Etc::SourceList "/dev/null";' "Dir::Etc::SourceParts \"$1/parts\";" "Dir::State::Lists \"$1/lists\";" \
        "Dir::Cache \"$1/cache\";" 'Acquire::Languages "none";' 'APT::Sandbox::User "root";' >"$1/apt.conf"
}

# put_plugins FOLDER: where docker looks for plugins. What goes wrong is on standard error.
put_plugins() {
    local work package code=0
    work=$(mktemp -d)
    private_apt "$work"
    (
        export APT_CONFIG=$work/apt.conf
        cd -- "$work/deb" && apt-get -qq update && apt-get -qq download docker-compose docker-buildx >/dev/null
    ) || code=1
    mkdir -p -- "$1"
    for package in "$work"/deb/*.deb; do
        ((code)) || dpkg-deb --fsys-tarfile "$package" | tar -x -C "$1" --no-same-owner --strip-components=5 \
            --wildcards './usr/libexec/docker/cli-plugins/*' || code=1
    done
    rm -rf -- "$work"
    return "$code"
}
