"""Secrets in files, as an operator keeps and replaces them: written beside, then renamed."""

import os
import secrets as _random

from support import secrets


def new_secret():
    return secrets.remember(_random.token_hex(32))


class SecretFiles:
    """One file a variable, in a folder of the test's."""

    def __init__(self, folder, **values):
        self._folder = folder
        self._names = []
        for name, value in values.items():
            self.put(name, value)

    def path(self, name):
        return self._folder / name

    def put(self, name, value, mode=0o600):
        draft = self._folder / f"{name}.new"
        draft.write_text(f"{value}\n")
        os.chmod(draft, mode)
        draft.rename(self.path(name))
        if name not in self._names:
            self._names.append(name)

    def env(self):
        """For an API process: the files, and none of the variables they stand for."""
        return {name: None for name in self._names} | {f"{name}_FILE": str(self.path(name)) for name in self._names}
