"""The items of a 422 answer, as the contract words them, and an answer's own items."""

from support import raw_http


def missing(field):
    return {"type": "missing", "loc": ["body", field], "msg": "Field required"}


def not_text(field):
    return {"type": "string_type", "loc": ["body", field], "msg": "Input should be a valid string"}


def _length(kind, word, limit, field, length):
    unit = "character" if length == 1 else "characters"
    return {
        "type": kind,
        "loc": ["body", field],
        "msg": f"String should have at {word} {length} {unit}",
        "ctx": {limit: length},
    }


def too_short(field, length):
    return _length("string_too_short", "least", "min_length", field, length)


def too_long(field, length):
    return _length("string_too_long", "most", "max_length", field, length)


def mismatch(field, pattern):
    return {
        "type": "string_pattern_mismatch",
        "loc": ["body", field],
        "msg": f"String should match pattern '{pattern}'",
        "ctx": {"pattern": pattern},
    }


def items(answer):
    raw_http.assert_error(answer, 422)
    found = answer.json()["detail"]
    for item in found:
        assert list(item) in (["type", "loc", "msg"], ["type", "loc", "msg", "ctx"])
    return found
