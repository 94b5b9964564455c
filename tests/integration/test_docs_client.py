"""A client whose types are made from the served document: it compiles, and what it was promised is what it gets."""

from support import node, rest

SECONDS = 180


def test_a_typed_client_works(api):
    seen = node.report("typed_client.mjs", f"http://127.0.0.1:{api.port}", seconds=SECONDS)
    assert len(seen["refused"]) == 4
    assert seen["jid"] == rest.jid(seen["username"])
    assert seen["group"]["name"] == "Typed group"
    assert seen["listed"] == [seen["group"]["group_id"]]
    assert seen["members"] == [f"{seen['jid']} owner"]
