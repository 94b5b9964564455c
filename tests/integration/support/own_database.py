"""A PostgreSQL of a test's own, made by the stack's scripts, whose password may be changed without harm to others."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from support import api_process, ports, stack
from support.secret_files import new_secret


class OwnDatabase:
    def __init__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="veil-database."))
        (self._port,) = ports.free(1)
        self.password = new_secret()

    def env(self):
        """For an API process, but for the password."""
        return {"DB_URL": None, "DB_HOST": "127.0.0.1", "DB_PORT": str(self._port)}

    def _script(self, name, *arguments):
        own = {"VEIL_STATE": str(self._folder / "state"), "DB_PORT": str(self._port), "DB_PASSWORD": self.password}
        done = subprocess.run(
            [stack.ROOT / "scripts" / name, *arguments],
            cwd=stack.ROOT,
            env=os.environ | own,
            capture_output=True,
            text=True,
            timeout=stack.SCRIPT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"

    def set_password(self, password):
        """As an operator does it: the scripts give the role the password of the configuration."""
        self.password = password
        self._script("up.sh", "db")

    def restart(self):
        """Ends every connection."""
        self._script("down.sh", "db")
        self._script("up.sh", "db")

    def __enter__(self):
        self._script("up.sh", "db")
        env = stack.api_environment() | {k: v for k, v in self.env().items() if v is not None}
        done = api_process.run("migrate", env=env | {"DB_PASSWORD": self.password}, seconds=60)
        assert done.returncode == 0, done.stderr
        return self

    def __exit__(self, *_):
        try:
            self._script("down.sh", "--wipe")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
