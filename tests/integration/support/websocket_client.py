"""An XMPP login over WebSocket (RFC 7395) as a browser would do it: wss, SCRAM-SHA-256, bind."""

import ssl
import xml.etree.ElementTree as xml

import aiohttp

from support import event_loop, scram, stack

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
OPEN = f'<open xmlns="{FRAMING}" to="{stack.DOMAIN}" version="1.0"/>'


async def _receive(socket):
    return xml.fromstring((await socket.receive(timeout=10)).data)


async def _open_stream(socket):
    """Opens the stream (again) and returns the server's features."""
    await socket.send_str(OPEN)
    assert (await _receive(socket)).tag == f"{{{FRAMING}}}open"
    return await _receive(socket)


async def _authenticate(socket, username, password):
    features = await _open_stream(socket)
    offered = [mechanism.text for mechanism in features.iter(f"{{{SASL}}}mechanism")]
    assert scram.ScramSha256.mechanism in offered, offered
    exchange = scram.ScramSha256(username, password)
    await socket.send_str(f'<auth xmlns="{SASL}" mechanism="{exchange.mechanism}">{exchange.first()}</auth>')
    challenge = await _receive(socket)
    if challenge.tag == f"{{{SASL}}}challenge":
        await socket.send_str(f'<response xmlns="{SASL}">{exchange.answer(challenge.text)}</response>')
        challenge = await _receive(socket)
    if challenge.tag == f"{{{SASL}}}failure":
        assert challenge.find(f"{{{SASL}}}not-authorized") is not None, xml.tostring(challenge)
        return False
    assert challenge.tag == f"{{{SASL}}}success", xml.tostring(challenge)
    assert exchange.verify(challenge.text)
    return True


async def _log_in(username, password):
    tls = ssl.create_default_context(cafile=stack.ca_file())
    address = f"https://127.0.0.1:{stack.port('XMPP_PORT_WS', 5280)}/ws"
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(address, protocols=["xmpp"], ssl=tls) as socket:
            assert socket.protocol == "xmpp"
            if not await _authenticate(socket, username, password):
                return None
            await _open_stream(socket)
            await socket.send_str(f'<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="{BIND}"/></iq>')
            bound = await _receive(socket)
            return bound.find(f".//{{{BIND}}}jid").text


def log_in(username, password):
    """The full JID that the session was bound to, or None when the server refused the password."""
    return event_loop.run(_log_in(username, password))
