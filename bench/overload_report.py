"""Prints what bench/overload.sh measured: a table from the medians of all rounds, then PASS or FAIL for each limit.

Standard input holds tab-separated lines: "peak ROUTE ROUND answered/s" and "load|probe ROUTE ROUND asked/s answered/s
refused/s other_ends not_sent p50_ms p99_ms refused_p99_ms". Exits 1 when a limit is missed.
"""

import sys
from collections import defaultdict
from statistics import median

GOODPUT, P99_MS = 0.9, 500

peaks, rounds = defaultdict(list), defaultdict(list)
for line in sys.stdin:
    kind, route, _, *fields = line.rstrip("\n").split("\t")
    if kind == "peak":
        peaks[route].append(float(fields[0]))
    else:
        rounds[kind, route].append([float(x) for x in fields])
middle = {key: [median(column) for column in zip(*rows)] for key, rows in rounds.items()}
total = {key: [sum(column) for column in zip(*rows)] for key, rows in rounds.items()}

print(f"\n{'route':<14} {'peak/s':>8} {'asked/s':>8} {'answered/s':>10} {'x peak':>6} {'refused/s':>9} {'not sent':>8} "
      f"{'p50 ms':>7} {'p99 ms':>7} {'refusal p99 ms':>14} {'health, calls p99 ms':>20}")
results = []
for route, of_route in peaks.items():
    asked, answered, refused, _, unsent, p50, p99, refused_p99 = middle["load", route]
    # Each round is compared with the peak it was measured after: other programs slow both down.
    ratio = median(load[1] / peak for load, peak in zip(rounds["load", route], of_route))
    probe = middle["probe", route]
    print(f"{route:<14} {median(of_route):>8.0f} {asked:>8.0f} {answered:>10.0f} {ratio:>6.2f} {refused:>9.0f} "
          f"{unsent:>8.0f} {p50:>7.1f} {p99:>7.1f} {refused_p99:>14.1f} {probe[6]:>20.1f}")
    failed = total["load", route][3] + sum(total["probe", route][2:5])
    results += [
        (ratio >= GOODPUT, f"{route}: {ratio:.2f} x the peak is answered, at least {GOODPUT}"),
        (p99 < P99_MS, f"{route}: p99 of what is answered {p99:.0f} ms, under {P99_MS}"),
        (failed == 0, f"{route}: {failed:.0f} other ends, and health checks and calls that were not answered: none allowed"),
    ]
print()
for passed, text in results:
    print("PASS" if passed else "FAIL", text)
sys.exit(not all(passed for passed, _ in results))
