"""Two servers on one port: the kernel shares connections out between them, and one goes on alone when the other is killed."""

from api import Api, Port
from client import Client, Unanswered
from kept import until
from person import Person, ready

CONNECTIONS = 300
LOGGED_SECONDS = 10
FAIR = 0.35  # the least share of one of two


async def served(port, mark, count=CONNECTIONS):
    """How many of so many requests, each on a connection of its own, were answered with 200."""
    answered = 0
    for number in range(count):
        client = Client(port)
        try:
            answer = await client.request("GET", "/server/info", headers=[f"X-Request-Id: {mark}-{number}"])
            answered += answer.status == 200
        except Unanswered:
            pass
        finally:
            client.close()
    return answered


async def shares(mark, *apis):
    """How many of the requests each has served, as soon as all their log lines are written."""
    found = lambda: [api.log().count(f'"request_id":"{mark}-') for api in apis]
    await until(lambda: sum(found()) >= CONNECTIONS, LOGGED_SECONDS, f"log lines of {CONNECTIONS} requests")
    return found()


async def run(report, _, __):
    report.say("two servers on one port")
    port = Port()
    try:
        async with Api("one", API_PORT=port.number) as one, Api("two", API_PORT=port.number) as two:
            await share_work(report, port.number, one, two)
            await go_on_alone(report, port.number, one, two)
    finally:
        port.close()


async def share_work(report, port, one, two):
    await ready(port)
    answered = await served(port, "both")
    report.check("two servers on one port answer everybody", answered == CONNECTIONS, answered)
    found = await shares("both", one, two)
    fair = min(found) >= FAIR * CONNECTIONS
    report.check("each serves a fair share", fair, f"{found[0]} and {found[1]} of {CONNECTIONS}")
    report.row("connections shared by two servers", f"{found[0]} + {found[1]}")


async def go_on_alone(report, port, one, two):
    """An account made on one of them serves on the other, while one is away and after it is back."""
    person = await Person.register(port)
    await one.kill()
    starts = one.starts()
    alone = await served(port, "alone")
    report.check("the other one goes on alone", alone == CONNECTIONS, alone)
    here, there = await shares("alone", one, two)
    back = one.starts() > starts  # before the end: then it has served some of them
    report.check("who is away has no share", here == 0 or back, f"{here} and {there} of {CONNECTIONS}")
    client = Client(port)
    answer = await client.request("GET", "/push/devices", token=person.token)
    client.close()
    report.check("who signed in at one is known to the other", answer.status == 200, answer.status)
    await one.wait_starts(starts + 1)
    again = await served(port, "again")
    found = await shares("again", one, two)
    fair = again == CONNECTIONS and min(found) >= FAIR * CONNECTIONS
    report.check("the one that was killed takes its share again", fair, f"{found[0]} and {found[1]} of {CONNECTIONS}")
