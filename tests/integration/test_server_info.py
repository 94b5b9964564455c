"""What clients are told about the server, byte by byte."""

import json

from support import api_process, raw_http, rest, stack

FIELDS = (
    "xmpp_domain xmpp_host xmpp_port_tls xmpp_port_starttls xmpp_ws_url sip_domain sip_port_tls turn_server "
    "turn_server_tls http_upload_host server_version min_client_version"
).split()


def info(api):
    answer = rest.call(api, "GET", "/server/info")
    assert answer.status == 200
    return answer


def test_the_defaults():
    with api_process.ApiProcess(XMPP_DOMAIN=None) as api:
        assert info(api).body.decode() == (
            '{"xmpp_domain":"example.com","xmpp_host":"example.com","xmpp_port_tls":5223,"xmpp_port_starttls":5222,'
            '"xmpp_ws_url":"wss://example.com:5280/ws","sip_domain":"example.com","sip_port_tls":5061,'
            '"turn_server":"example.com:3478","turn_server_tls":"example.com:5349","http_upload_host":"upload.example.com",'
            '"server_version":"1.0.0","min_client_version":"1.0.0"}'
        )


def test_every_field_follows_its_variable():
    changes = {
        "XMPP_HOST": "chat.one.example", "XMPP_PORT_TLS": "1001", "XMPP_PORT_STARTTLS": "1002",
        "XMPP_PORT_WS": "1003", "SIP_DOMAIN": "sip.one.example", "SIP_PORT_TLS": "1004", "TURN_DOMAIN": "turn.one.example",
        "TURN_PORT": "1005", "TURN_PORT_TLS": "1006", "HTTP_UPLOAD_DOMAIN": "files.one.example", "SERVER_VERSION": "2.3.4",
        "MIN_CLIENT_VERSION": "1.2.3",
    }
    with api_process.ApiProcess(**changes) as api:
        content = info(api).json()
    assert list(content) == FIELDS
    assert list(content.values()) == [
        stack.DOMAIN, "chat.one.example", 1001, 1002, "wss://chat.one.example:1003/ws", "sip.one.example", 1004,
        "turn.one.example:1005", "turn.one.example:1006", "files.one.example", "2.3.4", "1.2.3",
    ]


def test_the_websocket_address_can_be_given_whole():
    with api_process.ApiProcess(XMPP_WS_URL="wss://edge.example/xmpp") as api:
        assert info(api).json()["xmpp_ws_url"] == "wss://edge.example/xmpp"


def test_nobody_needs_a_token_and_the_text_is_constant(api):
    bodies = {info(api).body for _ in range(3)}
    assert len(bodies) == 1
    assert rest.call(api, "GET", "/server/info", token="nonsense").status == 200
    assert list(json.loads(bodies.pop())) == FIELDS


def test_health_is_told_without_a_token(api):
    assert raw_http.request(api.port, "GET", "/healthz").status == 200
    ready = raw_http.request(api.port, "GET", "/readyz")
    assert ready.status == 200
    assert list(ready.json()) == ["status", "checks"]
    assert list(ready.json()["checks"]) == ["database", "ejabberd"]
    assert raw_http.request(api.admin_port, "GET", "/healthz").status == 200
