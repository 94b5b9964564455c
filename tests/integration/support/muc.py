"""A group's room (XEP-0045) as one user's client sees it: what it is allowed to do there, and what it hears."""

from xml.sax.saxutils import escape, quoteattr

from support import wait, xmpp_client
from support.xmpp_client import Refused

MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
CONFERENCE = "{jabber:x:conference}x"
MESSAGES = "urn:xmpp:mucsub:nodes:messages"
ANSWER_SECONDS = 10


class Room:
    def __init__(self, session, jid):
        self.session, self.jid = session, jid
        self.me = f"{jid}/{session.username}"

    def join(self):
        """Enters without asking for earlier messages; Refused when the room does not let this user in."""
        content = f'<x xmlns="{MUC}"><history maxstanzas="0"/></x>'
        answer = self._say_presence(f"<presence to={quoteattr(self.me)}>{content}</presence>", (None, "error"))
        if answer.get("type") == "error":
            raise Refused(xmpp_client.condition(answer))
        return self

    def leave(self):
        """Closes the window; the user stays a member."""
        self._say_presence(f'<presence to={quoteattr(self.me)} type="unavailable"/>', ("unavailable",))

    def _say_presence(self, stanza, kinds):
        """Sends it and waits for the room's answer, which is of one of these types."""
        known = len(self._own_presences())
        self.session.push(stanza)

        def answers():
            return [presence for presence in self._own_presences()[known:] if presence.get("type") in kinds]

        return wait.until(answers, ANSWER_SECONDS, "the room's answer")[0]

    def _own_presences(self):
        """What the room said about this user, in order."""
        return [presence for presence in self.session.received("presence") if presence.get("from") == self.me]

    def removed(self):
        """Whether the room has thrown this user out because he is no member any more (status 321)."""
        last = self._own_presences()[-1]
        codes = {status.get("code") for status in last.iter(f"{USER}status")}
        return last.get("type") == "unavailable" and "321" in codes

    def inside(self):
        """Whether this user is in the room, as far as it told him."""
        seen = self._own_presences()
        return bool(seen) and seen[-1].get("type") is None

    def destroyed(self):
        """Whether the room told this user, who was in it, that it is no more. A notice of its shutdown may follow."""
        return any(seen.find(f"{USER}x/{USER}destroy") is not None for seen in self._own_presences())

    def say(self, text):
        self.session.push(f'<message to={quoteattr(self.jid)} type="groupchat"><body>{escape(text)}</body></message>')

    def heard(self):
        """The texts from the room, those that came while he was not in it (MucSub) among them."""
        messages = [stanza for stanza in self._messages() if stanza.get("type") != "error"]
        return [text for text in (xmpp_client.body(message) for message in messages) if text]

    def _messages(self):
        received = self.session.received("message")
        return [stanza for stanza in received if stanza.get("from", "").split("/")[0] == self.jid]

    def errors(self):
        """The conditions of the errors that came back for what this user said in the room."""
        return [xmpp_client.condition(stanza) for stanza in self._messages() if stanza.get("type") == "error"]

    def occupant(self, address):
        """The bare JID behind an address of the room, as this user was shown it last; None when unknown."""
        shown = [stanza for stanza in self.session.received("presence") if stanza.get("from") == address]
        item = shown[-1].find(f"{USER}x/{USER}item") if shown else None
        return item.get("jid", "").split("/")[0] if item is not None else None

    def title(self):
        """The room's name as service discovery (XEP-0030) tells it."""
        info = "http://jabber.org/protocol/disco#info"
        answer = self.session.query(self.jid, "get", f'<query xmlns="{info}"/>')
        return answer.find(f"{{{info}}}query/{{{info}}}identity").get("name")

    def wait_heard(self, text):
        wait.until(lambda: text in self.heard(), ANSWER_SECONDS, f"{self.session.username} hears {text!r}")

    def archive(self):
        """The texts in the room's archive; Refused when this user may not read it."""
        return self.session.archive(self.jid)

    def invitations(self):
        """How many direct invitations (XEP-0249) to this room have come."""
        found = [stanza.find(CONFERENCE) for stanza in self.session.received("message")]
        return sum(content is not None and content.get("jid") == self.jid for content in found)

    def subscribe(self):
        """Asks for messages while not in the room; Refused unless the room takes this user."""
        event = f'<event node="{MESSAGES}"/>'
        nick = quoteattr(self.session.username)
        self.session.query(self.jid, "set", f'<subscribe xmlns="urn:xmpp:mucsub:0" nick={nick}>{event}</subscribe>')

    def set_affiliation(self, jid, affiliation):
        """What an owner's client does to change a role or to remove (`none`, `outcast`) somebody."""
        item = f"<item jid={quoteattr(jid)} affiliation={quoteattr(affiliation)}/>"
        self.session.query(self.jid, "set", f'<query xmlns="{MUC}#admin">{item}</query>')

    def configure(self, option, value):
        """What an owner's client does to change an option of the room; everything else stays."""
        values = {"FORM_TYPE": f"{MUC}#roomconfig", option: value}
        fields = [f"<field var={quoteattr(var)}><value>{escape(text)}</value></field>" for var, text in values.items()]
        self._as_owner(f'<x xmlns="jabber:x:data" type="submit">{"".join(fields)}</x>')

    def rename(self, title):
        """What an owner's client does to give the room another name."""
        self.configure("muc#roomconfig_roomname", title)

    def destroy(self):
        """What an owner's client does to end the room."""
        self._as_owner("<destroy/>")

    def _as_owner(self, content):
        self.session.query(self.jid, "set", f'<query xmlns="{MUC}#owner">{content}</query>')
