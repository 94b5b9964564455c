"""What a household does with its groups, which its head owns."""

from asking import UNKNOWN
from ledger import Group
from support import push

MOST_GROUPS = 4


class GroupHabits:
    """A part of Household, which has `asking`, `ledger`, `random`, `head`, `others`, `groups` and token()."""

    async def _with_group(self):
        """A group that is there for certain, and a good token of its owner."""
        groups = [group for group in self.groups if group.there == {True}]
        token = await self.token(self.head) if groups else None
        return (self.random.choice(groups), token) if token else (None, None)

    async def make_group(self):
        token = await self.token(self.head)
        if token is None or len(self.groups) >= MOST_GROUPS:
            return
        members = self.random.sample(self.others, self.random.randrange(len(self.others) + 1))
        body = {"name": push.new_token("Group "), "member_jids": [member.jid for member in members]}
        answer = await self.asking.once("create group", "POST", "/groups", body, token)
        if answer is UNKNOWN:
            return
        if answer.status != 201:
            return self.asking.lie("make a group", answer)
        roles = {self.head.jid: "owner"} | {member.jid: "member" for member in members}
        self.groups.append(Group(answer.json()["group_id"], body["name"], roles))
        self.ledger.groups.append(self.groups[-1])

    async def add_member(self):
        group, token = await self._with_group()
        if group is None or not self.others:
            return
        member = self.random.choice(self.others)

        def take(answer):
            group.role(member.jid, "member", answer is not UNKNOWN)
            if answer is not UNKNOWN and answer.status != 200:
                self.asking.lie("add a member", answer)

        path = f"/groups/{group.group_id}/members"
        await self.asking.insist(take, "add member", "POST", path, {"jid": member.jid}, token)

    async def _remove(self, group, member, token, kind):
        def take(answer):
            missed = answer is not UNKNOWN and answer.status != 200
            if missed and None not in group.roles[member.jid]:
                self.asking.lie(kind, answer)
            group.role(member.jid, None, answer is not UNKNOWN)

        path = f"/groups/{group.group_id}/members/{member.jid}"
        await self.asking.insist(take, kind, "DELETE", path, token=token)

    async def remove_member(self):
        group, token = await self._with_group()
        inside = [other for other in self.others if group and other.jid in group.certain_members()]
        if inside:
            await self._remove(group, self.random.choice(inside), token, "remove member")

    async def leave_group(self):
        group, _ = await self._with_group()
        inside = [other for other in self.others if group and other.jid in group.certain_members()]
        if not inside:
            return
        member = self.random.choice(inside)
        token = await self.token(member)
        if token:
            await self._remove(group, member, token, "leave group")

    async def rename_group(self):
        group, token = await self._with_group()
        if group is None:
            return
        name = push.new_token("Group ")

        def take(answer):
            group.names = {name} if answer is not UNKNOWN else group.names | {name}
            if answer is not UNKNOWN and answer.status != 200:
                self.asking.lie("rename a group", answer)

        await self.asking.insist(take, "rename group", "PATCH", f"/groups/{group.group_id}", {"name": name}, token)

    async def end_group(self):
        group, token = await self._with_group()
        if group is None:
            return

        def take(answer):
            repeated = False in group.there
            group.there = {False} if answer is not UNKNOWN else group.there | {False}
            if answer is not UNKNOWN and answer.status != 200 and not (repeated and answer.status == 404):
                self.asking.lie("delete a group", answer)

        await self.asking.insist(take, "delete group", "DELETE", f"/groups/{group.group_id}", token=token)
        self.groups.remove(group)

    async def look_at_groups(self):
        token = await self.token(self.head)
        answer = token and await self.asking.once("list groups", "GET", "/groups", token=token)
        if not answer or answer is UNKNOWN:
            return
        shown = {entry["group_id"] for entry in answer.json()["groups"]} if answer.status == 200 else set()
        missing = [group.group_id for group in self.groups if group.there == {True} and group.group_id not in shown]
        if missing or answer.status != 200:
            self.asking.lie(f"list groups without {missing}", answer)
