"""A real XMPP client (slixmpp): STARTTLS with a verified certificate, SCRAM, and what a user would see in it."""

import asyncio
import itertools
import ssl
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from support import event_loop, stack

ARCHIVE = "urn:xmpp:mam:2"
BODY = "{jabber:client}body"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
KINDS = ("message", "presence")


class LoginRefused(Exception):
    """The server answered that user and password do not go together."""


class Refused(Exception):
    """The answer to a stanza was an error; its text is the condition, e.g. `forbidden`."""


class Session:
    """An online session. Every message and every presence received is kept."""

    def __init__(self, username, password, resource="test"):
        self.username = username
        self.jid = f"{username}@{stack.DOMAIN}/{resource}"
        self._received = {kind: [] for kind in KINDS}
        self._numbers = itertools.count()
        self.ended = False
        event_loop.run(self._open(password))

    async def _open(self, password):
        client = slixmpp.ClientXMPP(self.jid, password)
        client.loop = asyncio.get_running_loop()
        client.ssl_context = ssl.create_default_context(cafile=stack.ca_file())
        client.ca_certs = None
        started, refused = client.loop.create_future(), client.loop.create_future()
        # Outcomes are set once: a server may close a stream that it has already refused.
        client.add_event_handler("session_start", lambda _: started.done() or started.set_result(True))
        client.add_event_handler("failed_auth", lambda _: refused.done() or refused.set_result(True))
        client.add_event_handler("connection_failed", lambda why: started.done() or started.set_exception(OSError(str(why))))
        for kind in KINDS:
            client.register_handler(Callback(f"every {kind}", MatchXPath("{jabber:client}" + kind), self._keep))
        client.add_event_handler("disconnected", self._on_end)
        client.connect(("127.0.0.1", stack.port("XMPP_PORT_STARTTLS", 5222)), force_starttls=True)
        self._client = client
        done, _ = await asyncio.wait({started, refused}, timeout=15, return_when=asyncio.FIRST_COMPLETED)
        if started in done and not started.exception():
            client.send_presence()
            return
        self._abandon()
        if refused in done:
            raise LoginRefused
        raise started.exception() if started in done else TimeoutError("no XMPP session")

    def _keep(self, stanza):
        self._received[stanza.name].append(stanza.xml)

    def _on_end(self, _):
        self.ended = True
        self._abandon()

    def _abandon(self):
        """Ends the connection and the library's own task for outgoing stanzas, which nothing else would end."""
        self._client.abort()
        self._client._run_out_filters.cancel()

    def send(self, to, body):
        async def send():
            self._client.send_message(mto=to, mbody=body, mtype="chat")

        event_loop.run(send())

    def add_contact(self, jid):
        async def add():
            await self._client.update_roster(jid, name="friend", subscription="none", groups=[])

        event_loop.run(add())

    def contacts(self):
        """The JIDs on the server's roster, asked without a version, so that the answer is always the whole list."""

        async def ask():
            query = self._client.make_iq_get()
            query.enable("roster")
            answer = await query.send()
            return sorted(str(jid) for jid in answer["roster"]["items"])

        return event_loop.run(ask())

    def archive(self, of=None):
        """The bodies in the user's message archive (XEP-0313), or in the archive `of` a room, of which there are 50 at
        most; Refused when it may not be read."""
        number = f"archive-{next(self._numbers)}"
        page = '<set xmlns="http://jabber.org/protocol/rsm"><max>50</max></set>'
        end = self.query(of, "set", f'<query xmlns="{ARCHIVE}" queryid="{number}">{page}</query>')
        assert end.find(f"{{{ARCHIVE}}}fin").get("complete") == "true"
        results = [message.find(f"{{{ARCHIVE}}}result") for message in self.received("message")]
        mine = [result for result in results if result is not None and result.get("queryid") == number]
        return [body(result.find("{urn:xmpp:forward:0}forwarded/{jabber:client}message")) for result in mine]

    def query(self, to, kind, payload):
        """Sends an IQ of the kind get or set with this XML in it; the XML of the answer, or Refused."""

        async def ask():
            iq = self._client.make_iq(ito=to, itype=kind)
            iq.append(ET.fromstring(payload))
            return (await iq.send(timeout=10)).xml

        try:
            return event_loop.run(ask())
        except IqError as error:
            raise Refused(error.condition) from None

    def push(self, stanza):
        """Sends a stanza given as text."""

        async def send():
            self._client.send_raw(stanza)

        event_loop.run(send())

    def received(self, kind):
        """The XML of all messages or presences so far."""
        return list(self._received[kind])

    def bodies(self):
        return [text for text in (message.findtext(BODY) for message in self.received("message")) if text]

    def close(self):
        async def leave():
            if not self.ended:
                await self._client.disconnect(wait=1)

        event_loop.run(leave())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def body(message):
    """The text of a message, also of one of a room that came as a MucSub event; None without one."""
    wrapped = message.find(f"{EVENT}event/{EVENT}items/{EVENT}item/{{jabber:client}}message")
    return (message if wrapped is None else wrapped).findtext(BODY)


def condition(stanza):
    """The name of the error that a stanza carries, e.g. `registration-required`."""
    return stanza.find("{jabber:client}error")[0].tag.split("}")[1]


def can_log_in(username, password):
    """Whether the server lets this user in with this password. Anything but yes or no is an exception."""
    try:
        Session(username, password, "probe").close()
    except LoginRefused:
        return False
    return True
