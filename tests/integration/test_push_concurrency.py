"""Everything at once for one account: calls, their retransmissions, registrations, results that remove registrations, and
the account's own deletion."""

from support import push, rest
from support.concurrency import together
from support.push_fixtures import api, fake

ROUNDS = 15


def test_nobody_is_in_anybodys_way(api):
    for _ in range(ROUNDS):
        devices = [push.ios() for _ in range(6)] + [push.ios("unregistered-"), push.ios("baddevice-")]
        callee, same = push.Callee(api, *devices), push.new_call_id()
        calls = [lambda: push.notify(api, callee) for _ in range(4)]
        repeated = [lambda: push.notify(api, callee, call_id=same) for _ in range(3)]
        ends = [lambda: push.cancel(api, callee, same)]
        anew = [lambda device=device: push.register_device(api, callee, device) for device in devices]
        deletion = [lambda: rest.delete(api, callee.token, callee.username, callee.password)]
        answers = together(calls + repeated + ends + anew + deletion)
        assert {answer.status for answer in answers} <= {200, 401}, answers
        assert push.registrations(callee) == []
    assert [record for record in api.log_records() if record["level"] in ("error", "critical")] == []
