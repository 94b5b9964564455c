"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding."""

import base64
import hashlib
import hmac
import secrets


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class ScramSha256:
    mechanism = "SCRAM-SHA-256"

    def __init__(self, username, password):
        self._password = password.encode()
        self._nonce = secrets.token_hex(12)
        self._bare = f"n={username},r={self._nonce}"

    def first(self):
        return base64.b64encode(f"n,,{self._bare}".encode()).decode()

    def answer(self, challenge):
        """The final message for the server's challenge."""
        server_first = base64.b64decode(challenge).decode()
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        assert fields["r"].startswith(self._nonce), "the server changed our nonce"
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        without_proof = f"c=biws,r={fields['r']}"
        signed = f"{self._bare},{server_first},{without_proof}"
        client_key = _hmac(salted, "Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._expected = _hmac(_hmac(salted, "Server Key"), signed)
        final = f"{without_proof},p={base64.b64encode(proof).decode()}"
        return base64.b64encode(final.encode()).decode()

    def verify(self, success):
        """Whether the server proved that it knows the password too."""
        fields = dict(part.split("=", 1) for part in base64.b64decode(success).decode().split(","))
        return hmac.compare_digest(base64.b64decode(fields["v"]), self._expected)
