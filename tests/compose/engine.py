"""docker and docker compose for one project, which scripts/test-compose.sh names in the environment (COMPOSE_*)."""

import json
import os
import pathlib
import signal
import subprocess

from support import raw_http, wait

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ("db", "ejabberd", "api", "kamailio", "rtpengine", "coturn")
READY_SECONDS = 90
COMMAND_SECONDS = 240


class Api:
    """What tests need to know of an API server: its port on loopback."""

    def __init__(self, port=None):
        self.port = port or int(os.environ["API_PORT"])

    def ready(self):
        """Whether it says that it can serve; False also when nobody answers."""
        try:
            answer = raw_http.request(self.port, "GET", "/readyz")
        except OSError:
            return False
        return answer is not None and answer.status == 200

    def wait_ready(self, seconds=READY_SECONDS):
        wait.until(self.ready, seconds, "the API is ready")


def docker(*arguments, env=None, check=True):
    """The output of a docker command, or the finished command with check=False."""
    environment = {**os.environ, **(env or {})}
    command = ["docker", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if not check:
        return done
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def compose(*arguments, **options):
    return docker("compose", *arguments, **options)


def up(*arguments, **options):
    """Brings everything up as an operator does, and waits until it is healthy."""
    return compose("up", "-d", "--no-build", "--wait", *arguments, **options)


def containers(service, **options):
    """The ids of a service's containers, in the order of their numbers, those that stand still included."""
    ids = compose("ps", "-aq", service, **options).split()
    return sorted(ids, key=lambda one: int(inspect(one)["Config"]["Labels"]["com.docker.compose.container-number"]))


def container(service):
    (one,) = containers(service)
    return one


def inspect(one):
    return json.loads(docker("inspect", one))[0]


def healthy(*services):
    """Whether each of these is, or all."""
    states = [inspect(container(service))["State"] for service in services or SERVICES]
    return all(state["Health"]["Status"] == "healthy" for state in states)


def config(**env):
    """The compose file with all variables filled in, as compose understands it."""
    return json.loads(compose("config", "--format", "json", env=env))


def crash(one):
    """Kills the container's first process from outside, as a fault does; the engine does not take that for a wish."""
    os.kill(inspect(one)["State"]["Pid"], signal.SIGKILL)


def logs():
    done = compose("logs", "--no-color", check=False)
    return done.stdout + done.stderr
