"""The monitoring profile: Prometheus finds what it is to watch."""

import json
import os
import re
import urllib.parse
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


def test_alerts_and_dashboard_name_metrics_that_exist():
    """Those of the API as docs/operations.md lists them; a histogram has further names."""
    used = "".join((engine.ROOT / "config" / name).read_text() for name in ("prometheus/alerts.yml", "grafana/veil.json"))
    known = set(re.findall(r"^\| `(veil_\w+)`", (engine.ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bveil_\w+", used)}
    assert named and named <= known, named - known


def test_every_panel_of_the_dashboard_can_be_asked():
    panels = json.loads((engine.ROOT / "config/grafana/veil.json").read_text())["panels"]
    for target in [target for panel in panels for target in panel["targets"]]:
        query = urllib.parse.urlencode({"query": target["expr"].replace("$__rate_interval", "1m")})
        assert ask(f"/api/v1/query?{query}")["resultType"] == "vector", target


def test_the_alerts_say_what_they_should():
    """Their unit tests (alerts_test.yml), by the promtool of the same package."""
    volumes = [f"--volume={engine.ROOT / name}:/w/{name}:ro" for name in ("config", "tests/compose")]
    image = engine.config(COMPOSE_PROFILES="monitoring")["services"]["prometheus"]["image"]
    said = engine.docker(
        "run", "--rm", "--user=0", "--entrypoint=promtool", *volumes, image, "test", "rules", "/w/tests/compose/alerts_test.yml"
    )
    assert "SUCCESS" in said
