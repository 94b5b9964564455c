"""Files as a client uploads and fetches them (XEP-0363), over HTTPS with a verified certificate."""

import http.client
import socket
import ssl
import urllib.parse

from support import stack

UPLOAD = "urn:xmpp:http:upload:0"


class _Connection(http.client.HTTPSConnection):
    """To the host of the address by name, but on loopback."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def _request(method, url, body=None):
    parts = urllib.parse.urlsplit(url)
    connection = _Connection(parts.hostname, parts.port, context=ssl.create_default_context(cafile=stack.ca_file()))
    try:
        connection.request(method, parts.path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def put(session, name, content):
    """Uploads the bytes; returns the address they can be had from."""
    request = f'<request xmlns="{UPLOAD}" filename="{name}" size="{len(content)}"/>'
    slot = session.query(f"upload.{stack.DOMAIN}", "get", request).find(f"{{{UPLOAD}}}slot")
    status, _ = _request("PUT", slot.find(f"{{{UPLOAD}}}put").get("url"), content)
    assert status == 201, status
    return slot.find(f"{{{UPLOAD}}}get").get("url")


def get(url):
    status, content = _request("GET", url)
    assert status == 200, status
    return content
