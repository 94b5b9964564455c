"""One veil-fake-push process (Apple and Google in one) under the tests' control, and everything it was sent.

Whoever stops it with stop() also asserts that it ended with 0, that no sanitizer complained, and that no request had a
fault, unless the test sets problems_expected.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import types

from support import api_process, database, output, ports, stack, wait

BINARY = pathlib.Path(os.environ.get("VEIL_FAKE_PUSH_BIN", stack.ROOT / "build/debug/bin/veil-fake-push")).resolve()
NAMES = ("apns", "sandbox", "google")
READY_SECONDS = 30
STOP_SECONDS = 12
ARRIVAL_SECONDS = 5

# Certificates and keys of the first process. The others begin with copies: making them takes time, and one key id
# should mean one key as long as the database remembers tokens signed with it.
_keys = None
_keys_lock = threading.Lock()


class Push(types.SimpleNamespace):
    """One request for a device, as the provider saw it and answers it; known as soon as it has come in."""

    @property
    def data(self):
        """What the app would be given."""
        if not isinstance(self.payload, dict):
            return {}
        return self.payload if self.provider == "apns" else self.payload.get("message", {}).get("data", {})

    @property
    def call_id(self):
        return self.data.get("call_id")

    @property
    def kind(self):
        return "cancel" if self.data.get("type") == "cancel" else "call"


def mixed(apple, google):
    """The variables for an API process that sends to Apple in one process and to Google in another."""
    return google.env() | {name: value for name, value in apple.env().items() if name.startswith("APNS_")}


class FakePush:
    """Flags are keyword arguments: streams=1, token_update_seconds=0, mute=True."""

    def __init__(self, fresh_keys=False, **flags):
        assert BINARY.exists(), f"{BINARY} is missing; build it or set VEIL_FAKE_PUSH_BIN"
        self.problems_expected = False
        self.ports = dict(zip(NAMES, ports.free(len(NAMES)), strict=True))  # kept while it is started again
        self._flags = []
        for name, value in flags.items():
            self._flags += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        self._earlier = []  # events of processes that have ended
        self._output = self._error_output = None
        self._temporary = tempfile.TemporaryDirectory(prefix="veil-fake-push.")
        self.folder = pathlib.Path(self._temporary.name)
        if _keys is not None and not fresh_keys:
            shutil.copytree(_keys.name, self.folder, dirs_exist_ok=True)
        if not fresh_keys:
            # This Apple has not seen any provider token yet, whatever the one of an earlier test thought of them.
            database.rows("DELETE FROM push_provider_tokens")
        self.start()
        if not fresh_keys:
            self._share_keys()

    def _share_keys(self):
        global _keys
        with _keys_lock:
            if _keys is None:
                _keys = tempfile.TemporaryDirectory(prefix="veil-fake-push-keys.")
                shutil.copytree(self.folder, _keys.name, dirs_exist_ok=True)

    def start(self):
        """Starts it, also again."""
        self._earlier = self._all_events()
        arguments = [BINARY, "--folder", self.folder, *self._flags]
        for name, port in self.ports.items():
            arguments += [f"--{name}-port", str(port)]
        names = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        env = {name: value for name, value in stack.api_environment().items() if name in names}
        self._process = subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._output = output.Output(self._process.stdout, json.loads)
        self._error_output = output.Output(self._process.stderr)
        try:
            wait.until(self._listening, READY_SECONDS, "the fake provider listening")
        except BaseException:
            self.kill()
            raise

    def _all_events(self):
        return self._earlier + (self._output.lines() if self._output else [])

    def _listening(self):
        assert self._process.poll() is None, f"the fake provider ended: {self.errors()}"
        return {event["name"] for event in self._output.lines() if event["event"] == "listening"} == set(NAMES)

    def env(self):
        """The variables that point an API process at it."""
        lines = (self.folder / "veil.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def errors(self):
        return self._error_output.text()

    def events(self, kind):
        return [event for event in self._all_events() if event["event"] == kind]

    def pushes(self, **wanted):
        """The requests so far whose attributes are the given ones: token, call_id, kind, status, provider, ..."""
        found = [Push(**event) for event in self.events("push")]
        return [push for push in found if all(getattr(push, name) == value for name, value in wanted.items())]

    def wait_pushes(self, count, seconds=ARRIVAL_SECONDS, **wanted):
        """Exactly so many such requests."""
        wait.until(lambda: len(self.pushes(**wanted)) >= count, seconds, f"{count} pushes of {wanted}")
        found = self.pushes(**wanted)
        assert len(found) == count, found
        return found

    def wait_push(self, seconds=ARRIVAL_SECONDS, **wanted):
        return self.wait_pushes(1, seconds, **wanted)[0]

    def assert_quiet(self, seconds, **wanted):
        """No more such requests for so long."""
        before, end = len(self.pushes(**wanted)), time.monotonic() + seconds

        def over():
            assert len(self.pushes(**wanted)) == before, self.pushes(**wanted)
            return time.monotonic() >= end

        wait.until(over, seconds + 5, "the end of the observation")

    def token_requests(self):
        return self.events("token_request")

    def _wait_end(self, seconds):
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the fake provider did not end within {seconds} s: {self.errors()}") from None
        finally:
            for each in (self._output, self._error_output):
                each.wait_end(5)

    def kill(self):
        self._process.kill()
        self._wait_end(10)

    def stop(self):
        """Asks the process to end and asserts that it did so cleanly and had nothing to complain about."""
        self._process.send_signal(signal.SIGTERM)
        code = self._wait_end(STOP_SECONDS)
        assert code == 0, f"exit code {code}: {self.errors()[-4000:]}"
        assert not [mark for mark in api_process.SANITIZER_MARKS if mark in self.errors()], self.errors()[-8000:]
        self.assert_no_problems()

    def assert_no_problems(self):
        if not self.problems_expected:
            faulty = [event for event in self.events("push") + self.token_requests() if event["problems"]]
            assert faulty == [], faulty[:3]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self._process.poll() is None:
                self.stop()
            elif self._process.poll() is None:
                self.kill()
        finally:
            self._temporary.cleanup()
