"""The monitoring profile: Prometheus finds what it is to watch."""

import json
import os
import urllib.request

import engine
import pytest
from support import wait

BASE = f"http://127.0.0.1:{os.environ['PROMETHEUS_PORT']}"


@pytest.fixture(scope="module", autouse=True)
def prometheus():
    engine.compose("--profile", "monitoring", "up", "-d", "--no-build", "--wait")
    yield
    engine.compose("rm", "-sf", "prometheus")


def ask(path):
    with urllib.request.urlopen(BASE + path, timeout=10) as answer:
        return json.load(answer)["data"]


def test_it_scrapes_the_api_and_rtpengine():
    def healthy():
        found = {each["labels"]["job"]: each["health"] for each in ask("/api/v1/targets")["activeTargets"]}
        return found == {"veil-api": "up", "rtpengine": "up"}

    wait.until(healthy, 60, "both are scraped")


def test_its_alerts_are_loaded():
    names = {rule["name"] for group in ask("/api/v1/rules")["groups"] for rule in group["rules"]}
    assert {"ApiDown", "MediaPortsRunOut", "OneApiServerLeft"} <= names


def test_the_alerts_say_what_they_should():
    """Their unit tests (alerts_test.yml), by the promtool of the same package."""
    volumes = [f"--volume={engine.ROOT / name}:/w/{name}:ro" for name in ("config", "tests/compose")]
    image = engine.config(COMPOSE_PROFILES="monitoring")["services"]["prometheus"]["image"]
    said = engine.docker(
        "run", "--rm", "--user=0", "--entrypoint=promtool", *volumes, image, "test", "rules", "/w/tests/compose/alerts_test.yml"
    )
    assert "SUCCESS" in said
