"""A real XMPP client (slixmpp): STARTTLS with a verified certificate, SCRAM, and what a user would see in it."""

import asyncio
import ssl

import slixmpp

from support import event_loop, stack


class LoginRefused(Exception):
    """The server answered that user and password do not go together."""


class Session:
    """An online session. Every message received is kept."""

    def __init__(self, username, password, resource="test"):
        self.jid = f"{username}@{stack.DOMAIN}/{resource}"
        self._messages = []
        self.ended = False
        event_loop.run(self._open(password))

    async def _open(self, password):
        client = slixmpp.ClientXMPP(self.jid, password)
        client.loop = asyncio.get_running_loop()
        client.ssl_context = ssl.create_default_context(cafile=stack.ca_file())
        client.ca_certs = None
        client.register_plugin("xep_0313")  # message archive
        started, refused = client.loop.create_future(), client.loop.create_future()
        # Outcomes are set once: a server may close a stream that it has already refused.
        client.add_event_handler("session_start", lambda _: started.done() or started.set_result(True))
        client.add_event_handler("failed_auth", lambda _: refused.done() or refused.set_result(True))
        client.add_event_handler("connection_failed", lambda why: started.done() or started.set_exception(OSError(str(why))))
        client.add_event_handler("message", self._messages.append)
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

    def archive(self):
        """The bodies in the user's message archive."""

        async def ask():
            found = []
            async for entry in self._client["xep_0313"].iterate(rsm={"max": 50}):
                found.append(entry["mam_result"]["forwarded"]["stanza"]["body"])
            return found

        return event_loop.run(ask())

    def bodies(self):
        return [message["body"] for message in list(self._messages) if message["body"]]

    def close(self):
        async def leave():
            if not self.ended:
                await self._client.disconnect(wait=1)

        event_loop.run(leave())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def can_log_in(username, password):
    """Whether the server lets this user in with this password. Anything but yes or no is an exception."""
    try:
        Session(username, password, "probe").close()
    except LoginRefused:
        return False
    return True
