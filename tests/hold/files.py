"""How many files, and with them connections, this machine lets a process have open."""

import resource

SPARE = 500


def raise_limit():
    """Takes all that is allowed, for this process and those it starts; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def allow(connections):
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= connections + SPARE


def check(report, connections):
    """Says what the limit is, and whether it is enough for so many connections at the client and at the server."""
    allowed = raise_limit()
    enough = allow(connections)
    advice = "" if enough else f"; raise the hard limit (ulimit -Hn) to {connections + SPARE} or more"
    report.check(f"{connections} connections fit into the file limit", enough, f"{allowed} files{advice}")
