"""Push as apps and the SIP server use it: one short function a route, devices, and what the tables say about them."""

import collections
import concurrent.futures
import contextlib
import math
import os
import secrets as _random
import time

from support import database, metrics, rest, secrets, wait

SECRET = os.environ.get("WEBHOOK_SECRET", "")
APP = "com.example.veil"
# The contract says 2, which the server keeps for the providers; on a busy machine each of the two statements that may be
# needed before that has its own 4.
ANSWER_SECONDS = 8
RECORD_SECONDS = 5

LOG_COLUMNS = "call_id device_id platform provider kind attempt outcome reason milliseconds push_id"
LogRow = collections.namedtuple("LogRow", LOG_COLUMNS)
REGISTRATION_COLUMNS = "jid device_id platform push_token app_id last_result apns_environment"
Registration = collections.namedtuple("Registration", REGISTRATION_COLUMNS)
Ring = collections.namedtuple("Ring", "call_id caller status sent")


class Device:
    """What an app registers; the prefix of its token tells the fake provider what to do with it."""

    def __init__(self, prefix="ok-", platform="ios", app_id=APP):
        self.platform, self.app_id = platform, app_id
        self.device_id = "device-" + _random.token_hex(6)
        self.push_token = new_token(prefix)


def new_token(prefix="ok-"):
    return secrets.remember(f"{prefix}x{_random.token_hex(12)}")


def ios(prefix="ok-", app_id=APP):
    return Device(prefix, "ios", app_id)


def android(prefix="ok-", app_id=APP):
    return Device(prefix, "android", app_id)


class Callee(rest.Account):
    """A fresh account whose devices are registered in the given order."""

    def __init__(self, api, *devices):
        super().__init__(api, "callee")
        self.devices = devices
        for device in devices:
            assert_registered(register_device(api, self, device))


def registration_body(account, device):
    names = ("device_id", "platform", "push_token", "app_id")
    return {"jid": account.jid} | {name: getattr(device, name) for name in names}


def register_device(api, account, device, **changes):
    return rest.call(api, "POST", "/push/register", registration_body(account, device) | changes, account.token)


def assert_registered(answer):
    assert (answer.status, answer.json()) == (200, {"status": "registered"}), answer


def unregister_device(api, account, device_id):
    return rest.call(api, "DELETE", "/push/register", {"jid": account.jid, "device_id": device_id}, account.token)


def devices(api, account):
    answer = rest.call(api, "GET", "/push/devices", token=account.token)
    assert answer.status == 200, answer
    assert list(answer.json()) == ["devices"]
    return answer.json()["devices"]


def test_push(api, account, device):
    return rest.call(api, "POST", "/push/test", {"device_id": device.device_id}, account.token)


def webhook(api, path, body, secret=SECRET, headers=()):
    """What the SIP server posts; secret None leaves the header out."""
    lines = [] if secret is None else [f"X-Webhook-Secret: {secret}"]
    return rest.call(api, "POST", path, body, headers=[*lines, *headers])


def new_call_id():
    return "call-" + _random.token_hex(8)


def call_body(callee, **fields):
    """`callee` is an account or a name."""
    name = getattr(callee, "username", callee)
    caller = {"caller_username": "caller_" + _random.token_hex(4), "call_id": new_call_id()}
    return {"callee_username": name} | caller | fields


def notify(api, callee, **fields):
    return webhook(api, "/push/call-notify", call_body(callee, **fields))


def ring(api, callee, **fields):
    """A call that the server takes, in time; its caller's name is nothing for any log."""
    caller = secrets.remember("Caller " + _random.token_hex(8))
    fields = {"caller_display_name": caller, "call_id": new_call_id()} | fields
    begin = time.monotonic()
    answer = notify(api, callee, **fields)
    seconds = time.monotonic() - begin
    assert answer.status == 200, answer
    content = answer.json()
    assert list(content) == ["status", "sent"] and content["status"] in ("sent", "no_registrations"), content
    assert seconds < ANSWER_SECONDS, f"answered after {seconds:.2f} s"
    return Ring(fields["call_id"], fields["caller_display_name"], content["status"], content["sent"])


def wait_connected(api, *names):
    """These connections are there, or those to both providers: a call has less than two seconds, none of them for that."""
    for name in names or ("apns_production", "fcm"):
        metrics.wait_value(api, lambda value: value == 1, "veil_push_connected", connection=name)
        if name == "fcm":
            metrics.wait_value(api, math.isfinite, "veil_push_provider_token_age_seconds", provider=name)


def warm_up(api, fake):
    """Both providers have accepted a push, so that no later call's times depend on being the first."""
    wait_connected(api)
    assert_delivers(api, fake, Callee(api, ios(), android()))


def reach(api, prefix):
    """Apple's second environment, whose tokens have this prefix, is connected from now on: that happens on demand only."""
    callee = Callee(api, ios(prefix))
    wait.until(lambda: ring(api, callee).sent == 1, RECORD_SECONDS, f"a device that rings in {prefix}")


def assert_delivers(api, fake, callee):
    """All devices of the account ring. Whatever the provider was sent before is known behind it."""
    called = ring(api, callee)
    assert (called.status, called.sent) == ("sent", len(callee.devices)), called
    fake.wait_pushes(len(callee.devices), call_id=called.call_id, status=200)


def rung(api, callee, count):
    """A call that so many devices are known to ring for."""
    called = ring(api, callee)
    assert called[2:] == ("sent", count), called
    wait_rung(called.call_id, count)
    return called


def all_rung(api, callee):
    """A call that every device rings for, however many there are; it may be answered before the last of them does."""
    called = ring(api, callee)
    assert called.status == "sent" and 1 <= called.sent <= len(callee.devices), called
    wait_rung(called.call_id, len(callee.devices))


@contextlib.contextmanager
def ringing(api, callee, **fields):
    """A call that is under way when the block begins; gives the future of its Ring."""
    call_id = fields.setdefault("call_id", new_call_id())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(ring, api, callee, **fields)
        wait.until(lambda: call_devices(call_id) or future.done(), RECORD_SECONDS, "the call is under way")
        yield future


def cancel(api, callee, call_id, reason="cancelled"):
    body = {"callee_username": getattr(callee, "username", callee), "call_id": call_id, "reason": reason}
    return webhook(api, "/push/call-cancel", body)


def cancelled(api, callee, call_id, reason="cancelled"):
    """A cancellation that the server takes; how many cancel pushes were accepted."""
    answer = cancel(api, callee, call_id, reason)
    assert answer.status == 200, answer
    content = answer.json()
    assert list(content) == ["status", "sent"] and content["status"] == "cancelled", content
    return content["sent"]


def registrations(account):
    """All rows of an account, oldest first."""
    return _read(Registration, REGISTRATION_COLUMNS, "push_registrations", account, "registered_at")


def registration(account, device):
    found = [row for row in registrations(account) if row.device_id == device.device_id]
    return found[0] if found else None


def log_rows(account, **wanted):
    found = _read(LogRow, LOG_COLUMNS, "push_log", account, "id")
    return [row for row in found if all(getattr(row, name) == str(value) for name, value in wanted.items())]


def _read(row, columns, table, account, order):
    jid = database.quoted(account.jid)
    found = database.rows(f"SELECT {columns.replace(' ', ', ')} FROM {table} WHERE jid = {jid} ORDER BY {order}")
    return [row(*values) for values in found]


def call_devices(call_id):
    """Device and state of everyone whom the call is for."""
    return database.rows(
        "SELECT device_id, state FROM push_call_devices JOIN push_calls ON push_calls.id = call "
        f"WHERE call_id = {database.quoted(call_id)}"
    )


def wait_rung(call_id, count):
    """So many devices of the call are known to ring; what the server learns it writes down behind its answer."""

    def rung():
        return sum(state == "rung" for _, state in call_devices(call_id)) == count

    wait.until(rung, RECORD_SECONDS, f"{count} devices that ring")


def age_registration(account, interval="1 hour"):
    database.rows(
        f"UPDATE push_registrations SET registered_at = registered_at - interval '{interval}' "
        f"WHERE jid = {database.quoted(account.jid)}",
        role="veil_owner",
    )


def set_environment(account, environment):
    """As if Apple's other environment had known the devices last time."""
    database.rows(
        f"UPDATE push_registrations SET apns_environment = {database.quoted(environment)} "
        f"WHERE jid = {database.quoted(account.jid)}",
        role="veil_owner",
    )


def wait_log(account, count, seconds=RECORD_SECONDS, **wanted):
    """Exactly so many lines of the push log."""
    wait.until(lambda: len(log_rows(account, **wanted)) >= count, seconds, f"{count} lines of {wanted}")
    found = log_rows(account, **wanted)
    assert len(found) == count, found
    return found


def wait_result(account, device, expected, seconds=RECORD_SECONDS):
    """The registration is kept and shows this result."""

    def last():
        row = registration(account, device)
        assert row is not None, f"the registration is gone, expected {expected}"
        return row.last_result

    wait.until(lambda: last() == expected, seconds, f"the result {expected}")


def any_result(account, device, seconds=RECORD_SECONDS):
    """The first result that the registration shows."""
    return wait.until(lambda: registration(account, device).last_result, seconds, "a result")


def wait_gone(account, device, seconds=RECORD_SECONDS):
    wait.until(lambda: registration(account, device) is None, seconds, "the registration is gone")
