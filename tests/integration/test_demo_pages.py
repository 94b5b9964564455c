"""The page /demo: what an operator sees in a browser, what it may do, and that it is there only where it is asked for."""

import contextlib
import re
import socket

import pytest

from support import api_process, node, raw_http, rest, stack

BROWSER_SECONDS = 180
FILES = {
    "page.css": "text/css; charset=utf-8",
    "main.js": "text/javascript; charset=utf-8",
    "jssip.js": "text/javascript; charset=utf-8",
    "jssip.LICENSE.txt": "text/plain; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
PAGES = stack.ROOT / "src/demo/pages"


@pytest.fixture(scope="module")
def closed_port():
    """A port of this machine where nobody listens as long as the tests run."""
    with contextlib.closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="module")
def sip_url(closed_port):
    return f"wss://127.0.0.1:{closed_port}"


@pytest.fixture(scope="module")
def api(sip_url, closed_port):
    relay = f"turn:127.0.0.1:{closed_port}?transport=tcp"
    with api_process.ApiProcess(DEMO_PAGES="true", SIP_WS_URL=sip_url + "/sip", TURN_URIS=relay) as process:
        yield process
        process.stop()


def get(api, path):
    return raw_http.request(api.port, "GET", path)


def see(api, script, sip_url, picture):
    return node.report(script, f"http://127.0.0.1:{api.port}", sip_url, str(picture), seconds=BROWSER_SECONDS)


def test_a_new_user_is_told_that_sip_is_out_of_reach(api, sip_url, tmp_path):
    seen = see(api, "demo_page.mjs", sip_url, tmp_path / "demo.png")
    assert seen["faults"] == []
    registered = seen["registered"]
    assert registered["jid"] == rest.jid(registered["username"])
    assert seen["tried_sip"]
    assert registered["sip"].startswith(f"Not connected to SIP: {sip_url}/sip cannot be reached.")
    assert not registered["can_call"]
    assert not registered["kept"]
    assert registered["width"] <= 360
    assert seen["refused"] == {
        "wrong_password": "Invalid username or password.",
        "taken": "That username is already taken.",
        "no_api": "The API cannot be reached. Is veil-api running?",
    }
    assert (tmp_path / "demo.png").stat().st_size > 10_000


def test_two_tabs_call_each_other(api, sip_url, tmp_path):
    seen = see(api, "demo_call.mjs", sip_url, tmp_path / "call.png")
    assert seen["faults"] == []
    video = seen["video"]
    assert video["caller"] == f'Al "the" <b> ({seen["alice"]})'
    assert {video["media"][side]["type"] for side in ("local", "remote")} <= {"host", "prflx"}
    assert video["media"]["local"]["protocol"] == "udp"
    assert video["media"]["codecs"] == ["opus", "VP8"]
    assert (video["alice"], video["bob"]) == ("The other side hung up.", "You hung up.")
    words = {
        "declined": "declined", "cancelled": "hung up", "unreachable": "Nobody is reachable", "busy": "is busy",
        "server": "database",
    }
    assert set(seen["refused"]) == set(words)
    for kind, word in words.items():
        assert word in seen["refused"][kind]
    assert not seen["silent"]["before"]  # how his last call ended is not shown while this one rings
    assert seen["silent"]["notice"] == "The microphone was refused: silence is sent."
    assert "gave no address" in seen["relay"]


def test_the_parts_that_need_no_browser():
    done = node.run("--test", "--test-reporter=tap", "demo_modules.test.mjs", seconds=60)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1]) >= 10


def test_the_page_may_run_this_servers_scripts_and_reach_the_sip_server(api, sip_url):
    answer = get(api, "/demo")
    assert (answer.status, answer.header("content-type")) == (200, "text/html; charset=utf-8")
    assert answer.header("cache-control") == "no-cache"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-security-policy").split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self' {sip_url}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]


def test_the_page_is_what_is_in_the_source(api):
    text = get(api, "/demo").body
    assert text == (PAGES / "demo.html").read_bytes()
    assert re.findall(rb"<script[^>]*>([^<]+)</script>|<style|\son\w+=|\sstyle=", text) == []


def test_everything_that_the_page_names_is_a_file_of_this_server(api):
    names = re.findall(r'(?:src|href)="demo/([^"]*)"', get(api, "/demo").body.decode())
    assert len(names) == 3
    for module in PAGES.glob("*.js"):
        names += re.findall(r'^import .*"\./(.*)";$', module.read_text(), re.MULTILINE)
    for name in {*names, *FILES}:
        assert get(api, "/demo/" + name).status == 200, name


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_a_file_has_its_type_and_may_be_kept(api, name, kind):
    answer = get(api, "/demo/" + name)
    assert (answer.status, answer.header("content-type")) == (200, kind)
    assert answer.header("cache-control") == "public, max-age=3600"
    assert answer.body


def test_the_bundle_names_who_wrote_it(api):
    text = get(api, "/demo/jssip.LICENSE.txt").body.decode()
    for package in ("jssip", "debug", "events", "ms", "sdp-transform"):
        assert re.search(rf"^{package}$", text, re.MULTILINE), package
    assert "esbuild" not in text


@pytest.mark.parametrize("name", ["nothing.js", "demo.html", "package.json", "package-lock.json", "..%2fdemo", "%2e%2e"])
def test_other_files_are_not_found(api, name):
    raw_http.assert_error(get(api, "/demo/" + name), 404, "Not Found")


def test_the_settings_follow_their_variables():
    with api_process.ApiProcess(DEMO_PAGES="true", XMPP_DOMAIN=None, SIP_DOMAIN="sip.one.example") as api:
        assert get(api, "/demo/settings").json() == {
            "xmpp_domain": "example.com",
            "sip_domain": "sip.one.example",
            "sip_ws_url": "wss://sip.one.example:8089",
        }
        assert "connect-src 'self' wss://sip.one.example:8089;" in get(api, "/demo").header("content-security-policy")


def test_nobody_is_shown_it_unasked():
    with api_process.ApiProcess() as api:
        for path in ("/demo", "/demo/settings", "/demo/main.js"):
            raw_http.assert_error(get(api, path), 404, "Not Found")
        content = get(api, "/openapi.json").json()
        assert content["paths"] and not [path for path in content["paths"] if path.startswith("/demo")]
        assert "demo" not in [tag["name"] for tag in content["tags"]]
        assert not [name for name in content["components"]["schemas"] if name.startswith("demo.")]


@pytest.mark.parametrize("value", ["http://x", "wss://x; script-src *", "wss://"])
def test_an_address_that_would_change_the_policy_is_a_fault(value):
    done = api_process.run("--check-config", env=stack.api_environment() | {"SIP_WS_URL": value})
    assert done.returncode == 2
    assert "SIP_WS_URL is not a wss:// address" in done.stderr
