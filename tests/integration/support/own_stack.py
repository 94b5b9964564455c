"""A stack of a test's own, with its own ports, secrets, certificates and state: for what would harm the shared one."""

import os
import pathlib
import secrets as _random
import subprocess
import tempfile

from support import api_process, ports, secrets, stack

PORTS = "DB_PORT XMPP_PORT_STARTTLS XMPP_PORT_TLS XMPP_PORT_WS XMPP_PORT_UPLOAD EJABBERD_API_PORT".split()
SECRETS = (
    "DB_PASSWORD DB_MIGRATION_PASSWORD EJABBERD_API_PASSWORD JWT_SECRET TURN_SECRET WEBHOOK_SECRET "
    "EJABBERD_DB_PASSWORD KAMAILIO_DB_PASSWORD"
).split()


class OwnStack:
    """Its scripts see nothing of the environment but what is here."""

    def __init__(self, folder):
        self.env_file = folder / "env"
        self.certificates = folder / "certs"
        # A unix socket in it must have a short path, which a folder of pytest's is not.
        self.state = pathlib.Path(tempfile.gettempdir(), f"veil-own-{_random.token_hex(4)}")
        self.ports = dict(zip(PORTS, map(str, ports.free(len(PORTS)))))
        self.environment = self.ports | {
            "PATH": os.environ["PATH"],
            "VEIL_ENV_FILE": str(self.env_file),
            "VEIL_CERTS": str(self.certificates),
            "VEIL_STATE": str(self.state),
            "TMPDIR": str(folder),
            "COMPOSE_PROJECT_NAME": self.state.name,  # this machine may have containers of the project veil
        }

    def script(self, name, *arguments, seconds=120, **variables):
        """Runs one of scripts/ to its end."""
        return subprocess.run(
            [stack.ROOT / "scripts" / name, *map(str, arguments)],
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def demand(self, name, *arguments, **variables):
        done = self.script(name, *arguments, **variables)
        assert done.returncode == 0, f"{name} {arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def values(self):
        """What .env sets."""
        lines = (line for line in self.env_file.read_text().splitlines() if "=" in line and not line.startswith("#"))
        return dict(line.split("=", 1) for line in lines)

    def api_variables(self):
        values = {name: secrets.remember(value) for name, value in self.values().items() if name in SECRETS}
        return values | {
            "DB_URL": None,
            "DB_HOST": "127.0.0.1",
            "DB_PORT": self.ports["DB_PORT"],
            "EJABBERD_API_URL": f"https://localhost:{self.ports['EJABBERD_API_PORT']}/api",
            "EJABBERD_CA_FILE": str(self.certificates / "ca.pem"),
        }

    def migrate(self):
        env = {key: value for key, value in (stack.api_environment() | self.api_variables()).items() if value is not None}
        done = api_process.run("migrate", env=env, seconds=60)
        assert done.returncode == 0, done.stderr

    def api(self):
        """The server, against this stack."""
        return api_process.ApiProcess(**self.api_variables())
