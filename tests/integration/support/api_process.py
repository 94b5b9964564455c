"""One veil-api process under the tests' control: started on free ports, stopped by a signal, its log kept and judged.

Whoever stops it with stop() also asserts that it ended with 0, that no sanitizer complained, and that nothing secret
was logged.
"""

import json
import re
import signal
import subprocess

from support import output, secrets, stack, wait

READY_SECONDS = 30
STOP_SECONDS = 12
RELOAD_SECONDS = 15
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "UndefinedBehaviorSanitizer", "ThreadSanitizer", "runtime error:")


def run(*arguments, env=None, seconds=30):
    """Runs the binary to its end."""
    return subprocess.run(
        [stack.BINARY, *arguments],
        env=stack.api_environment() if env is None else env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class ApiProcess:
    def __init__(self, **overrides):
        env = {key: value for key, value in (stack.api_environment() | overrides).items() if value is not None}
        self._process = subprocess.Popen([stack.BINARY, "serve"], env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._output = output.Output(self._process.stderr)
        try:
            self.port = self._listening("api")
            self.admin_port = self._listening("admin")
        except BaseException:
            self.kill()
            raise

    def _listening(self, name):
        pattern = re.compile(name + r" listening on 127\.0\.0\.1:(\d+)")

        def found():
            match = pattern.search(self.log())
            assert match or self._process.poll() is None, f"the server ended: {self.log()}"
            return match

        return int(wait.until(found, READY_SECONDS, f"{name} listening").group(1))

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return self._output.text()

    def log_records(self):
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def wait_end(self, seconds):
        """Waits until the process has ended by itself and returns its exit code; one that does not end is killed."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self._output.wait_end(5)
            raise AssertionError(f"the server did not end within {seconds} s: {self.log()[-4000:]}") from None
        self._output.wait_end(5)
        return code

    def signal(self, number):
        self._process.send_signal(number)

    def reload(self):
        """Has the process read its files again; what it says about that."""
        seen = len(self._output.lines())
        self.signal(signal.SIGHUP)

        def said():
            return "".join(self._output.lines()[seen:])

        wait.until(lambda: "reload: done" in said(), RELOAD_SECONDS, "the end of a reload")
        return said()

    def kill(self):
        self._process.kill()
        self.wait_end(10)

    def stop(self):
        """Asks the process to end and asserts that it did so cleanly."""
        self.signal(signal.SIGTERM)
        self.assert_clean(self.wait_end(STOP_SECONDS))

    def assert_clean(self, code):
        log = self.log()
        assert code == 0, f"exit code {code}: {log[-4000:]}"
        _, _, behind = log.partition('"message":"stopped"}\n')
        going_on = [line for line in behind.splitlines() if '"log":"audit"' not in line]  # the trail has a thread of its own
        assert not going_on, f"something went on behind the end: {going_on[-10:]}"
        self.assert_log_clean()

    def assert_log_clean(self):
        log = self.log()
        assert not [mark for mark in SANITIZER_MARKS if mark in log], log[-8000:]
        assert "deadlock detected" not in log, "two transactions took the same rows in different order"
        assert secrets.leaked_in(log) == []
        full_jid = re.search(r"[A-Za-z0-9_]+@" + re.escape(stack.DOMAIN), log)
        assert full_jid is None, f"a JID was logged: {full_jid.group(0)}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self._process.poll() is None:
            self.stop()
        elif self._process.poll() is None:
            self.kill()
