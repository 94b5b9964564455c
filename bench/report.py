"""Prints what bench/http.sh measured: the ratio table from the medians of all rounds, and PASS or FAIL for each limit.

Standard input holds tab-separated lines: "round ROUTE TARGET req/s p99_ms cpu_us core_pct rss_mb" and, with veil-api,
"fact NAME VALUE". Without veil-api there is nothing to judge. Exits 1 when a limit is missed.
"""

import sys
from collections import defaultdict
from statistics import median

ROUTES = ["server/info", "turn/credentials"]
TARGETS = ["veil-api", "nginx", "fastapi"]
AT_LEAST = [("server/info", "nginx", 0.5), ("server/info", "fastapi", 8),
            ("turn/credentials", "nginx", 0.25), ("turn/credentials", "fastapi", 12)]
BUSY = 90  # per cent of a core; below, the rate is not the server's own
AT_MOST = [("idle RSS", "MB", 30), ("start to ready", "s", 0.5)]

rounds, facts = defaultdict(list), defaultdict(list)
for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "round":
        rounds[fields[0], fields[1]].append([float(x) for x in fields[2:]])
    else:
        facts[fields[0]].append(float(fields[1]))
middle = {key: [median(column) for column in zip(*rows)] for key, rows in rounds.items()}


def ratio(route, target, base):
    return middle[route, target][0] / middle[route, base][0]


print(f"\n{'route':<17} {'server':<9} {'req/s':>9} {'x nginx':>8} {'x FastAPI':>9} {'p99 ms':>8} {'CPU us/req':>10} "
      f"{'core %':>6} {'RSS MB':>7}")
for route in ROUTES:
    for target in TARGETS:
        if (route, target) not in middle:
            continue
        rate, p99, cpu, core, rss = middle[route, target]
        print(f"{route:<17} {target:<9} {rate:>9.0f} {ratio(route, target, 'nginx'):>8.2f} "
              f"{ratio(route, target, 'fastapi'):>9.2f} {p99:>8.2f} {cpu:>10.2f} {core:>6.0f} {rss:>7.1f}")
slack = [f"{target} {route} {row[3]:.0f} %" for (route, target), row in middle.items() if row[3] < BUSY]
if slack:
    print(f"\nnote: doubtful, as these servers could not fill their core (wrk or other programs held them back): "
          f"{', '.join(slack)}")
if not facts:
    print("\nveil-api was not measured: no limit was checked")
    sys.exit()

results = []
for route, base, limit in AT_LEAST:
    value = ratio(route, "veil-api", base)
    results.append((value >= limit, f"{route}: {value:.2f} x {base}, at least {limit}"))
for name, unit, limit in AT_MOST:
    value = median(facts[name])
    results.append((value <= limit, f"{name}: {value:.3f} {unit}, at most {limit}"))
print()
for passed, text in results:
    print("PASS" if passed else "FAIL", text)
sys.exit(not all(passed for passed, _ in results))
