"""A stand-in for docker on PATH that has no engine: it notes what it is asked and answers as one whose services are well, or
not. What is run in volumes is run in folders. What containers really do is shown elsewhere, with a real engine."""

import os

SERVICES = "api coturn db ejabberd kamailio rtpengine".split()

DOCKER = """#!/bin/bash
printf '%s\\n' "$*" >>"$FAKE_FOLDER/docker.calls"
[[ $* != *--project-directory* ]] || pwd >>"$FAKE_FOLDER/folders"
case " $* " in
    *" compose version "*) echo 2.26.1 ;;
    *" info "*) echo 20.10.24 ;;
    *" volume inspect "*) [[ -d $FAKE_FOLDER/volumes ]] ;;
    *" run "*)
        while [[ $1 != --entrypoint ]]; do shift; done
        program=$2 folder=$FAKE_FOLDER/volumes
        shift 3
        mkdir -p "$folder"/{certs,uploads}
        set -- "${@//'/certs'/$folder/certs}"
        [[ ! -e $FAKE_FOLDER/full ]] || ulimit -f 64 # KiB
        exec "$program" "${@//'/var/lib/veil/uploads'/$folder/uploads}"
        ;;
    *" config --services "*) printf '%s\\n' SERVICES ;;
    *" ps --services "*)
        [[ ! -e $FAKE_FOLDER/up ]] || printf '%s\\n' SERVICES
        cat "$FAKE_FOLDER/also.up" 2>/dev/null
        ;;
    *" port "*) cat "$FAKE_FOLDER/published" 2>/dev/null || echo 0.0.0.0:8443 ;;
    *" ps -aq "*) [[ ! -e $FAKE_FOLDER/up ]] || echo "id-of-${*: -1}" ;;
    *" up "*) touch "$FAKE_FOLDER/up" ;;
    *" inspect "*"id-of-coturn "*) echo "running $(cat "$FAKE_FOLDER/coturn" 2>/dev/null || echo healthy) 2026-01-02T03:04:05.6Z" ;;
    *" inspect "*) echo "running healthy 2026-01-02T03:04:05.6Z" ;;
esac
"""

CURL = """#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE_FOLDER/curl.calls"
"""


class FakeDocker:
    def __init__(self, folder):
        self.folder, self.volumes = folder, folder / "volumes"
        programs = folder / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        for name, text in (("docker", DOCKER.replace("SERVICES", " ".join(SERVICES))), ("curl", CURL)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "FAKE_FOLDER": str(folder)}

    def only_volumes_are_left(self):
        """As after "docker compose down"."""
        (self.volumes / "certs").mkdir(parents=True)

    def disk_is_full(self):
        """Large files cannot be written into a volume."""
        (self.folder / "full").touch()

    def coturn_is(self, health):
        (self.folder / "coturn").write_text(health)

    def is_up(self):
        """All services run."""
        (self.folder / "up").touch()

    def also_runs(self, *services):
        """Without being named by the configuration."""
        (self.folder / "also.up").write_text("".join(f"{service}\n" for service in services))

    def api_is_published_at(self, address):
        (self.folder / "published").write_text(f"{address}\n")

    def folders(self):
        """Where compose was called, which is where it looks for the files that COMPOSE_FILE names."""
        return set((self.folder / "folders").read_text().splitlines())

    def calls(self, program="docker"):
        path = self.folder / f"{program}.calls"
        return path.read_text().splitlines() if path.exists() else []

    def changes(self):
        """The calls that change something."""
        return [call for call in self.calls() if " build" in call or " up " in call or " run " in call]
