"""Two servers on one port: the kernel shares connections out between them, and one goes on alone when the other is killed."""

from api import Api, Port
from client import Client, Unanswered
from person import Person, ready

CONNECTIONS = 300
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


def share(api, mark):
    return api.log().count(f'"request_id":"{mark}-')


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
    shares = share(one, "both"), share(two, "both")
    report.check("two servers on one port answer everybody", answered == CONNECTIONS == sum(shares), f"{answered}")
    fair = min(shares) >= FAIR * CONNECTIONS
    report.check("each serves a fair share", fair, f"{shares[0]} and {shares[1]} of {CONNECTIONS}")
    report.row("connections shared by two servers", f"{shares[0]} + {shares[1]}")


async def go_on_alone(report, port, one, two):
    """An account made on one of them serves on the other, while one is away and after it is back."""
    person = await Person.register(port)
    await one.kill()
    starts = one.starts()
    alone = await served(port, "alone")
    late = one.starts() > starts  # it was back before the end: then it may have served some of them
    report.check("the other one goes on alone", alone == CONNECTIONS and (late or share(two, "alone") == CONNECTIONS), alone)
    client = Client(port)
    answer = await client.request("GET", "/push/devices", token=person.token)
    client.close()
    report.check("who signed in at one is known to the other", answer.status == 200, answer.status)
    await one.wait_starts(starts + 1)
    again = await served(port, "again")
    shares = share(one, "again"), share(two, "again")
    fair = again == CONNECTIONS and min(shares) >= FAIR * CONNECTIONS
    report.check("the one that was killed takes its share again", fair, f"{shares[0]} and {shares[1]} of {CONNECTIONS}")
