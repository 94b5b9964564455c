"""What a careless or hostile client sends instead of a good request, made from the document."""

import time
import uuid

from support import stack, tokens

# Not JSON at all, or not the kind of JSON that was asked for.
BODIES = (b"", b"{", b"null", b"[]", b"5", b'"text"', b"hello", b"\xff\xfe", b'{"a":' * 40)
VALUES = (None, True, 5, 1.5, "", "\u0000", [], [5], [None], ["x"], {}, {"a": 1})
# What names nothing in a path; a group and a user that do not exist.
PARAMETERS = (str(uuid.uuid4()), "x", "\u00e4", "..", "a b", "a@b@c", "@", "x" * 5000)
NOBODY = f"nobody_at_all@{stack.DOMAIN}"


def credentials(scheme):
    """Header lines that prove nothing under this security scheme."""
    if scheme["type"] == "apiKey":
        return ((), (f"{scheme['name']}: wrong",), ("Authorization: Bearer wrong",))
    jid = f"someone@{stack.DOMAIN}"
    expired = tokens.sign({"sub": jid, "exp": int(time.time()) - 1000})
    forged = tokens.sign({"sub": jid, "exp": int(time.time()) + 1000}, key="not the server's key")
    texts = ("Bearer", "Bearer x", "Basic eDp5", f"Bearer {expired}", f"Bearer {forged}")
    return ((), *((f"Authorization: {text}",) for text in texts))


def _limits(schema):
    """Values just outside what the schema of a field names."""
    if "minLength" in schema:
        yield "x" * (schema["minLength"] - 1)
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "pattern" in schema or "enum" in schema:
        yield "no such word!"
    if "maxItems" in schema:
        yield [f"user_{i}@{stack.DOMAIN}" for i in range(schema["maxItems"] + 1)]


def bodies(document, schema, good):
    """Bodies that lack one field of a good one, or have one of another kind, length or shape."""
    for name, field in schema["properties"].items():
        yield {key: value for key, value in good.items() if key != name}
        for value in (*VALUES, *_limits(document.resolve(field))):
            yield good | {name: value}
