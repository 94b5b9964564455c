"""Prints what bench/write.sh measured: two tables from the medians of all rounds, and PASS or FAIL for each limit.

write_report.py ROWS. Standard input holds tab-separated lines: "write|login TARGET req/s p50_ms p99_ms commits/s
server_us other_us" (CPU time for a request: of the server, and of PostgreSQL or ejabberd) and "rows COUNT", how many
registrations there were in the end. Exits 1 when a limit is missed.
"""

import sys
from collections import defaultdict
from statistics import median

TITLES = {
    "api": "veil-api, POST push/register",
    "same": "pgbench, the server's statement",
    "plain": "pgbench, a plain upsert",
    "fastapi": "FastAPI, a plain upsert",
    "login": "veil-api, POST account/login",
    "check": "ejabberd, check_password",
}
AT_LEAST = [("write", "api", "same", 0.7), ("write", "api", "plain", 0.7), ("login", "login", "check", 0.9)]

rounds, rows = defaultdict(list), None
for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "rows":
        rows = int(fields[0])
    else:
        rounds[kind, fields[0]].append([float(x) for x in fields[1:]])
middle = {key: [median(column) for column in zip(*values)] for key, values in rounds.items()}

for kind, server, other in (("write", "api", "database"), ("login", "login", "ejabberd")):
    print(f"\n{kind + 's':<33} {'req/s':>7} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7} {'commits/s':>9} "
          f"{'server CPU us':>13} {other + ' CPU us':>15}")
    for (of, target), (rate, p50, p99, commits, own, others) in middle.items():
        if of == kind:
            ratio = middle[kind, server][0] / rate
            print(f"{TITLES[target]:<33} {rate:>7.0f} {ratio:>6.2f} {p50:>7.2f} {p99:>7.2f} {commits:>9.0f} "
                  f"{own:>13.1f} {others:>15.1f}")

results = [(rows == int(sys.argv[1]), f"{rows} registrations in the end, {sys.argv[1]} expected")]
for kind, target, base, limit in AT_LEAST:
    value = middle[kind, target][0] / middle[kind, base][0]
    results.append((value >= limit, f"{TITLES[target]}: {value:.2f} x {TITLES[base]}, at least {limit}"))
print()
for passed, text in results:
    print("PASS" if passed else "FAIL", text)
sys.exit(not all(passed for passed, _ in results))
