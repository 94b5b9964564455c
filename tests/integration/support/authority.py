"""Stand-ins on PATH for what setup-certs.sh asks: the DNS (getent) and certbot, which signs with an authority of this test."""

import os
import subprocess

ADDRESS = "198.51.100.7"

GETENT = """#!/bin/sh
for name; do :; done
sed -n "s/^$name //p" "$FAKE_FOLDER/dns" | sed 's/$/ STREAM/' | grep . || exit 2
"""

CERTBOT = """#!/bin/bash
set -e
printf '%s\\n' "$@" >"$FAKE_FOLDER/certbot.arguments"
[[ ! -e $FAKE_FOLDER/certbot.fails ]] || { echo "The authority is not in the mood."; exit 1; }
names=() hook=true root=root
while (($#)); do
    case $1 in
        --cert-name) lineage=$2 ;;
        --config-dir) folder=$2 ;;
        --deploy-hook) hook=$2 ;;
        --staging) root=staging ;;
        --domain) names+=("DNS:$2") ;;
    esac
    shift
done
live=$folder/live/$lineage
[[ ! -e $live/fullchain.pem ]] || exit 0
mkdir -p "$live"
IFS=,
openssl req -x509 -CA "$FAKE_FOLDER/$root.pem" -CAkey "$FAKE_FOLDER/$root.key" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 90 -subj "/CN=public" -addext "subjectAltName=${names[*]}" -addext basicConstraints=critical,CA:FALSE \
    -keyout "$live/privkey.pem" -out "$live/fullchain.pem" 2>/dev/null
unset IFS
sh -c "$hook"
"""


class Authority:
    """What the DNS says, and what certbot is asked and does."""

    def __init__(self, folder):
        self.folder = folder
        self.letsencrypt = folder / "letsencrypt"
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name, text in (("getent", GETENT), ("certbot", CERTBOT)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (folder / "dns").touch()
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "FAKE_FOLDER": str(folder),
            "VEIL_LETSENCRYPT": str(self.letsencrypt),
            "SERVER_IP": ADDRESS,
        }
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
        for name, subject in (("root", "/CN=root"), ("staging", "/CN=(STAGING) root")):
            files = f"-keyout {name}.key -out {name}.pem".split()
            subprocess.run([*make.split(), "-subj", subject, *files], cwd=folder, check=True, capture_output=True)

    def leads(self, *names, to=ADDRESS):
        with (self.folder / "dns").open("a") as file:
            file.writelines(f"{name} {to}\n" for name in names)

    def fails(self):
        (self.folder / "certbot.fails").touch()

    def forget(self):
        """What certbot got is gone: the next time there is a new one."""
        for path in self.letsencrypt.glob("live/*/*"):
            path.unlink()

    def arguments(self):
        """What certbot was called with, or None."""
        path = self.folder / "certbot.arguments"
        return path.read_text().splitlines() if path.exists() else None
