"""An account made for one purpose, with the client that made it."""

import asyncio

from client import Client, Unanswered
from kept import until
from support import rest, secrets

READY_SECONDS = 60


async def ready(port, seconds=READY_SECONDS):
    """The API can use database and ejabberd."""
    client = Client(port)

    async def says_so():
        try:
            return (await client.request("GET", "/readyz", prefix="")).status == 200
        except Unanswered:
            return False

    try:
        await until(says_so, seconds, f"the API at port {port} is ready")
    finally:
        client.close()


class Person:
    def __init__(self, username, password, token):
        self.username, self.password, self.token = username, password, token
        self.jid = rest.jid(username)

    @classmethod
    async def register(cls, port, prefix="hold"):
        client, username, password = Client(port), rest.new_name(prefix), secrets.password()
        try:
            answer = await client.request("POST", "/account/register", {"username": username, "password": password})
        finally:
            client.close()
        assert answer.status == 201, answer
        return cls(username, password, answer.json()["token"])


async def together(works, at_once=8):
    """Awaits all of `works`, not more than so many at a time; their results in order."""
    gate = asyncio.Semaphore(at_once)

    async def one(work):
        async with gate:
            return await work

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(work)) for work in works]
    return [task.result() for task in tasks]
