"""The document against the server that serves it: what is documented is there and answers as it says, good requests and
bad ones alike, and nothing is there that is not documented. The server is one that has every route: DEMO_PAGES=true.
"""

import copy
import re
import urllib.parse

import pytest

from support import api_process, bad_requests, good_requests, openapi, raw_http, stack
from support.openapi import document

TURN = "/api/v1/turn/credentials"
ROUTE_LITERAL = re.compile(r'\.on\(\s*"([A-Z]+)",\s*"([^"]+)"')
OPERATORS_ONLY = {"GET /metrics"}  # served on a listener of its own, and not in the document


@pytest.fixture(scope="module")
def api():
    with api_process.ApiProcess(DEMO_PAGES="true") as process:
        yield process
        process.stop()


@pytest.fixture(params=good_requests.TABLE)
def operation(request, document):
    assert request.param in document.by_route, "the route is not documented"
    return document.by_route[request.param]


@pytest.fixture
def good(api, operation):
    return good_requests.TABLE[operation.route](api)


def send(api, operation, good, **changes):
    """The good request with some parts replaced. Body bytes are sent as they are."""
    wanted = good._replace(**changes)
    path = operation.path
    for name, value in wanted.parameters.items():
        path = path.replace("{" + name + "}", urllib.parse.quote(value, safe="@"))
    assert "{" not in path, f"a path parameter has no value: {path}"
    answer = raw_http.request(api.port, operation.method, path, wanted.body, wanted.token, wanted.headers)
    assert answer is not None, f"{operation}: the connection was closed without an answer"
    return answer


def test_every_operation_is_walked(document):
    assert sorted(document.by_route) == sorted(good_requests.TABLE)


def test_a_good_request_is_granted(api, document, operation, good):
    answer = send(api, operation, good)
    document.assert_documented(operation, answer)
    assert answer.status in document.successes(operation), answer


def test_nobody_comes_in_without_proof(api, document, operation, good):
    scheme = document.security(operation)
    if scheme is None:  # then it must be open indeed
        assert good.token is None and good.headers == ()
        return
    for lines in bad_requests.credentials(scheme):
        answer = send(api, operation, good, token=None, headers=lines)
        document.assert_documented(operation, answer)
        assert answer.status == 401, (lines, answer)


def test_a_body_that_is_no_body_is_refused(api, document, operation, good):
    schema = document.body_schema(operation)
    for body in bad_requests.BODIES:
        answer = send(api, operation, good, body=body)
        document.assert_documented(operation, answer)
        assert schema is None or answer.status == 422, (body, answer)
    answer = send(api, operation, good, headers=(*good.headers, "Content-Type: text/plain"))
    document.assert_documented(operation, answer)


def test_a_field_that_does_not_fit_is_refused(api, document, operation, good):
    schema = document.body_schema(operation)
    assert (schema is None) == (good.body is None)
    if schema is None:
        return
    assert document.fits(schema, good.body)
    for body in bad_requests.bodies(document, schema, good.body):
        answer = send(api, operation, good, body=body)
        document.assert_documented(operation, answer)
        if not document.fits(schema, body):
            assert answer.status == 422, (body, answer)


@pytest.mark.parametrize("operation", [route for route in good_requests.TABLE if "{" in route], indirect=True)
def test_what_nobody_knows_is_not_found(api, document, operation, good):
    assert good.parameters
    for name in good.parameters:
        for value in bad_requests.PARAMETERS:
            answer = send(api, operation, good, parameters=good.parameters | {name: value})
            document.assert_documented(operation, answer)
            assert 400 <= answer.status < 500, (name, value, answer)
        answer = send(api, operation, good, parameters=good.parameters | {name: bad_requests.NOBODY})
        document.assert_documented(operation, answer)


def damaged(document, change):
    """The document with a change to what it says of a missing token."""
    content = copy.deepcopy(document.content)
    responses = content["paths"][TURN]["get"]["responses"]
    change(responses, responses["401"]["content"])
    return openapi.Document(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda responses, _: responses.pop("401"),
        lambda responses, _: responses["401"]["headers"].update({"X-Promised": {"required": True}}),
        lambda _, content: content.update({"text/html": content.pop("application/json")}),
        lambda _, content: content["application/json"].update({"schema": {"type": "array"}}),
        lambda _, content: content["application/json"].update({"schema": {"type": "object", "properties": {}}}),
        lambda _, content: content["application/json"].update({"schema": {"type": "object"}}),
    ],
)
def test_a_wrong_document_is_noticed(api, document, change):
    answer = raw_http.request(api.port, "GET", TURN)
    document.assert_documented(document.by_route[f"GET {TURN}"], answer)
    wrong = damaged(document, change)
    with pytest.raises(AssertionError, match=f"GET {TURN} answered"):
        wrong.assert_documented(wrong.by_route[f"GET {TURN}"], answer)


def test_routes_in_the_source_are_the_documented_ones(document):
    added = set()
    for path in stack.ROOT.glob("src/*/*.cpp"):
        added |= {f"{method} {pattern}" for method, pattern in ROUTE_LITERAL.findall(path.read_text())}
    assert added == set(document.by_route) | OPERATORS_ONLY


def test_the_methods_of_a_path_are_the_documented_ones(api, document):
    samples = {"group_id": "x", "jid": f"x@{stack.DOMAIN}", "file": "page.css"}
    for path, item in document.content["paths"].items():
        answer = raw_http.request(api.port, "OPTIONS", path.format_map(samples))
        allowed = {method.strip() for method in answer.header("allow").split(",")}
        documented = {method.upper() for method in item}
        assert allowed - {"HEAD", "OPTIONS"} == documented, path
        assert ("HEAD" in allowed) == ("GET" in documented), path
