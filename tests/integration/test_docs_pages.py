"""The pages /docs and /redoc: what a reader sees in a browser, and that nothing of them comes from elsewhere."""

import re

import pytest

from support import node, raw_http, rest, stack
from support.openapi import document

PAGES = ("/docs", "/redoc")
BROWSER_SECONDS = 180
FILES = {
    "page.css": "text/css; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
    "swagger-init.js": "text/javascript; charset=utf-8",
    "redoc.standalone.js": "text/javascript; charset=utf-8",
    "redoc.standalone.js.LICENSE.txt": "text/plain; charset=utf-8",
    "redoc-init.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


def get(api, path):
    return raw_http.request(api.port, "GET", path)


def policy(answer):
    parts = answer.header("content-security-policy").split("; ")
    return {name: set(sources.split()) for name, _, sources in (part.partition(" ") for part in parts)}


def test_a_reader_sees_every_route_and_tries_one(api, document, tmp_path):
    pictures = [tmp_path / "docs.png", tmp_path / "docs-redoc.png"]
    seen = node.report("docs_page.mjs", f"http://127.0.0.1:{api.port}", str(pictures[0]), seconds=BROWSER_SECONDS)
    assert seen["faults"] == []
    assert seen["swagger"]["title"] == seen["redoc"]["title"] == "Veil API"
    assert sorted(seen["swagger"]["routes"]) == sorted(document.by_route)
    registered = seen["swagger"]["registered"]
    assert (registered["status"], registered["jid"]) == (201, rest.jid(registered["username"]))
    assert sorted(seen["redoc"]["operations"]) == sorted(each.spec["operationId"] for each in document.operations)
    assert all(picture.stat().st_size > 10_000 for picture in pictures)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_run_and_reach_only_this_server(api, path):
    answer = get(api, path)
    assert answer.status == 200
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("x-content-type-options") == "nosniff"
    rules = policy(answer)
    assert rules["script-src"] == rules["connect-src"] == {"'self'"}
    assert rules["img-src"] == {"'self'", "data:"}
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert rules[name] == {"'none'"}
    styles = rules["style-src"] - {"'self'"}
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", source) for source in styles), styles
    assert not styles or path == "/redoc"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_only_files_of_this_server(api, path):
    text = get(api, path).body.decode()
    named = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(named) >= 5
    for name in named:
        assert re.fullmatch(r"[a-z]+[a-zA-Z0-9./-]*", name), name  # relative: no scheme, no host
        assert get(api, "/" + name).status == 200, name
    assert "//" not in text
    assert re.findall(r"<script[^>]*>([^<]+)</script>|<style|\son\w+=|\sstyle=", text) == []


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_a_file_has_its_type_and_may_be_kept(api, name, kind):
    answer = get(api, "/docs/" + name)
    assert (answer.status, answer.header("content-type")) == (200, kind)
    assert answer.header("cache-control") == "public, max-age=3600"
    assert answer.body


@pytest.mark.parametrize("path", ["/docs/swagger-ui-bundle.js", "/openapi.json", "/docs"])
def test_large_answers_end_where_they_say(api, path):
    with raw_http.Wire(api.port) as wire:
        bare = wire.send(raw_http.head("HEAD", path)).read("HEAD")
        full = wire.send(raw_http.head("GET", path)).read()
        again = wire.send(raw_http.head("GET", path, "Connection: close")).read()
        assert wire.closed()
    assert (bare.status, full.status) == (200, 200)
    assert int(bare.header("content-length")) == len(full.body) > 0
    assert full.body == again.body


def test_a_page_is_what_is_in_the_source(api):
    source = (stack.ROOT / "src/docs/pages/swagger.html").read_bytes()
    assert get(api, "/docs").body == source


@pytest.mark.parametrize(
    "name", ["nothing.js", "swagger.html", "redoc.html", "package.json", "..%2fopenapi.json", "%2e%2e", "page.css%00"]
)
def test_other_files_are_not_found(api, name):
    raw_http.assert_error(get(api, "/docs/" + name), 404, "Not Found")


@pytest.mark.parametrize("path", [*PAGES, "/openapi.json"])
def test_pages_and_document_are_asked_for_again(api, path):
    assert get(api, path).header("cache-control") == "no-cache"


def test_the_viewers_load_nothing_from_their_makers(api):
    assert b"cdn.redoc.ly" not in get(api, "/docs/redoc.standalone.js").body
