"""JWTs made by hand with the standard library, so that a test can say exactly what is in them."""

import base64
import hashlib
import hmac
import json
import os
import time

from support import secrets

SECRET = os.environ.get("JWT_SECRET", "")
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(value):
    return encode(json.dumps(value, separators=(",", ":")).encode())


def sign(claims, header=None, key=None, digest="HS256"):
    head = {"alg": "HS256", "typ": "JWT"} if header is None else header
    signed = f"{part(head)}.{part(claims)}"
    signature = hmac.new((SECRET if key is None else key).encode(), signed.encode(), HASHES[digest]).digest()
    return secrets.remember(f"{signed}.{encode(signature)}")


def legacy(jid, **claims):
    """A token as the old service made them: only sub and exp."""
    return sign({"sub": jid, "exp": int(time.time()) + 3600} | claims)


def read(token, key=None):
    """Header and claims of a token whose signature is right."""
    head, claims, signature = token.split(".")
    secret = SECRET if key is None else key
    expected = hmac.new(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert hmac.compare_digest(decode(signature), expected)
    return json.loads(decode(head)), json.loads(decode(claims))


def other_spellings(token):
    """Texts that a lax base64url decoder would read as the same token."""
    last = ALPHABET.index(token[-1])
    same_bits = [ALPHABET[last & ~3 | low] for low in range(4)]
    return [token[:-1] + letter for letter in same_bits if letter != token[-1]] + [token + "=", token + "."]
