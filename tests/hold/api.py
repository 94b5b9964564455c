"""veil-api as the suite runs it: the release build under a keeper, which starts it again when it is killed."""

import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess

from kept import Kept, alive, facts, until
from support import stack

LISTENING = re.compile(r"api listening on 127\.0\.0\.1:(\d+)")
SECRET = re.compile(r"pw-[0-9a-f]{8}|eyJ[\w-]{10}|-----BEGIN")
START_SECONDS = 90
STOP_SECONDS = 20
# A few clients stand for many people here: no rate limit would let them.
LIMITS_OFF = {name: "0" for name in re.findall(r"RATE_LIMIT_\w+(?==)", (stack.ROOT / ".env.example").read_text())}


class Port:
    """A port that several processes are going to listen on: bound here, so that nobody else is given it."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


class Api(Kept):
    """Extra variables by name; `before` is put in front of the command, for example `env NAME=VALUE`."""

    def __init__(self, name, before=(), **variables):
        super().__init__(f"api-{name}")
        self.log_file = stack.STATE / "log" / f"{self.service}.log"
        self._starts, self._read, self._port = 0, 0, None
        given = {"API_SHARED_LISTENER": "true"} | {key: str(value) for key, value in variables.items()}
        self._environment = stack.api_environment() | LIMITS_OFF | given
        self._command = [*before, stack.BINARY, "serve"]
        self._keeper = None

    async def __aenter__(self):
        user = pwd.getpwuid(os.geteuid()).pw_name
        keep = [stack.ROOT / "scripts/lib/keep.sh", stack.STATE, self.service, user, stack.STATE, *self._command]
        with self.log_file.open("wb") as log:
            self._keeper = subprocess.Popen(
                keep, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        # For scripts/hold.sh, which ends what is left should this program be killed.
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()
        record = f"{self._keeper.pid} {facts(self._keeper.pid)[1]} {boot}"
        (stack.STATE / "run" / f"{self.service}.keeper").write_text(record)
        try:
            await self.wait_starts(1)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_):
        await self._stop()

    def log(self):
        return self.log_file.read_text(errors="replace")

    def starts(self):
        """How often it has begun to listen."""
        with self.log_file.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break  # the rest of it is still to come
                self._read += len(line)
                if found := LISTENING.search(line.decode(errors="replace")):
                    self._starts, self._port = self._starts + 1, int(found.group(1))
        return self._starts

    @property
    def port(self):
        """Where it listened last."""
        self.starts()
        return self._port

    async def wait_starts(self, count):
        await until(lambda: self.starts() >= count, START_SECONDS, f"{self.service} listens")

    async def _stop(self):
        """The keeper first, so that nobody starts it again."""
        if self._keeper.poll() is None:
            self._keeper.send_signal(signal.SIGTERM)
        found = self._recorded()
        if found:
            os.kill(found[0], signal.SIGTERM)
            try:
                await until(lambda: not alive(*found), STOP_SECONDS, f"{self.service} has ended")
            except AssertionError:
                os.kill(found[0], signal.SIGKILL)
                raise
        await until(lambda: self._keeper.poll() is not None, STOP_SECONDS, f"the keeper of {self.service} has ended")
        for kind in ("pid", "keeper"):
            (stack.STATE / "run" / f"{self.service}.{kind}").unlink(missing_ok=True)

    def leaks(self):
        """Lines of the log that hold what no log may hold."""
        with self.log_file.open(errors="replace") as lines:
            return [line for line in lines if SECRET.search(line) or f"@{stack.DOMAIN}" in line]
