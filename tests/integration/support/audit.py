"""The audit trail of an API process, as whoever reads its file finds it."""

import json
import re

from support import secrets, stack, wait

FIELDS = ["log", "time", "event", "request_id", "account", "address", "outcome", "detail"]
WRITTEN_SECONDS = 5
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class AuditLog:
    def __init__(self, folder, name="audit.log"):
        self.path = folder / name

    def env(self):
        return {"AUDIT_LOG": str(self.path)}

    def text(self):
        return self.path.read_text() if self.path.exists() else ""

    def records(self, **wanted):
        """The lines so far whose fields are the given ones; each is checked for its form, and all for secrets."""
        text = self.text()
        assert secrets.leaked_in(text) == []
        assert not [name for name, value in stack.secrets().items() if value in text]
        found = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        for record in found:
            assert list(record) == FIELDS and record["log"] == "audit" and TIME.fullmatch(record["time"]), record
        return [record for record in found if all(record[name] == value for name, value in wanted.items())]

    def wait_one(self, **wanted):
        """The one line that there is, after a moment, with these fields."""
        wait.until(lambda: self.records(**wanted), WRITTEN_SECONDS, f"a line of {wanted}")
        found = self.records(**wanted)
        assert len(found) == 1, found
        return found[0]
