"""One request of a household and what comes of it: acknowledged, unknown, or refused."""

import asyncio

from client import Client, Unanswered

UNKNOWN = "unknown"  # no answer, or one that says that something broke: carried out, or not
TRIES = 6


class Asking:
    """One household's connection. What is asked goes into the ledger's counts."""

    def __init__(self, port, ledger, random):
        self._client, self._ledger, self._random = Client(port, ledger.latencies), ledger, random

    async def once(self, kind, method, path, body=None, token=None, headers=()):
        """The answer when it settles the matter, or UNKNOWN."""
        try:
            answer = await self._client.request(method, path, body, token, headers)
        except Unanswered:
            self._ledger.unanswered[kind] += 1
            return UNKNOWN
        self._ledger.statuses[answer.status] += 1
        if answer.status >= 500:
            self._ledger.unanswered[kind] += 1
            return UNKNOWN
        if answer.status in (200, 201):
            self._ledger.acknowledged[kind] += 1
        if self._random.random() < 0.1:
            self._client.close()  # the next connection may be the other server's
        return answer

    async def insist(self, take, kind, method, path, body=None, token=None):
        """Asks until the matter is settled, or gives up now and then, as people do. Every outcome goes to `take`."""
        answer = UNKNOWN
        for _ in range(TRIES):
            answer = await self.once(kind, method, path, body, token)
            take(answer)
            if answer is not UNKNOWN or self._random.random() < 0.25:
                break
            await asyncio.sleep(self._random.uniform(0.2, 1.5))
        return answer

    def lie(self, what, answer):
        self._ledger.lies.append(f"{what}: {answer}")

    def close(self):
        self._client.close()
