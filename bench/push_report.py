"""Prints what bench/push.sh measured: a table of medians, then PASS or FAIL for each limit. Exits 1 when one is missed.

push_report.py CALLS EVENTS: what push_load.py and the fake provider wrote. Standard input holds tab-separated lines:
"rate TARGET pushes/s cpu_us core_pct fake_core_pct" a round, "queue COUNT before_kb queued_kb most_kb" and
"calls RATE rss_mb cpu_us".
"""

import json
import sys
from collections import Counter, defaultdict
from statistics import median

RATE, RATIO, MEMORY_MB, WIRE_MS = 10_000, 0.25, 60, 20
BUSY = 90  # per cent of a core; the fake provider's, when that full, is what is measured
LATE_MS = 5  # p99; a generator that is later than this tells little about the server


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def times(values):
    return f"{median(values):>9.2f} {percentile(values, 0.99):>8.2f} {max(values):>11.2f}"


rates, queue, load = defaultdict(list), [], []
for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "rate":
        rates[fields[0]].append([float(x) for x in fields[1:]])
    elif kind == "queue":
        queue = [int(x) for x in fields]
    else:
        load = [float(x) for x in fields]
middle = {target: [median(column) for column in zip(*rows)] for target, rows in rates.items()}

at, problems, arrivals = {}, Counter(), Counter()
with open(sys.argv[2]) as events:
    for event in map(json.loads, events):
        if event["event"] != "push":
            continue
        payload = event["payload"]
        data = payload if event["provider"] == "apns" else payload["message"]["data"]
        at.setdefault(data["call_id"], event["at"])
        arrivals[data["call_id"]] += 1
        problems.update(event["problems"] or ([] if event["status"] == 200 else [event["reason"]]))

wire, answer, late, total = [], [], [], 0
with open(sys.argv[1]) as calls:
    for line in calls:
        kind, call_id, due, begin, answered, status = line.rstrip("\n").split(" ", 5)
        total += 1
        if status != "sent":
            problems[f"answered: {status}"] += 1
        if arrivals[call_id] != 1:
            problems[f"{arrivals[call_id]} pushes for one call"] += 1
        if kind != "call" or call_id not in at:
            continue
        due, begin, answered = float(due), float(begin), float(answered)
        wire.append((at[call_id] - begin) * 1000)
        answer.append((answered - begin) * 1000)
        late.append((begin - due) * 1000)

wire, answer, late = (values or [float("inf")] for values in (wire, answer, late))
ratio = middle["veil-api"][0] / middle["h2load"][0]
count, (before, full, most) = queue[0], (x / 1024 for x in queue[1:])
print(f"\n{'sender alone':<28} {'pushes/s':>9} {'x h2load':>8} {'CPU us/push':>11} {'core %':>7} {'fake core %':>11}")
for target in ("veil-api", "h2load"):
    rate, cpu, core, fake = middle[target]
    print(f"{target:<28} {rate:>9.0f} {rate / middle['h2load'][0]:>8.2f} {cpu:>11.2f} {core:>7.0f} {fake:>11.0f}")
print(f"\n{'memory':<28} {'before MB':>9} {'queue MB':>8} {'KB/push':>11} {'most MB':>7}")
title, each = f"{count} calls under way", (full - before) * 1024 / count
print(f"{title:<28} {before:>9.1f} {full:>8.1f} {each:>11.2f} {most:>7.1f}")
print(f"\n{'webhook':<28} {'p50 ms':>9} {'p99 ms':>8} {'max ms':>11} {'CPU us':>7} {'RSS MB':>11}")
title, cpu = f"to wire, {load[0]:.0f} calls/s", load[2] / total
print(f"{title:<28} {times(wire)} {cpu:>7.0f} {load[1]:>11.1f}")
print(f"{'to answer':<28} {times(answer)}")
print(f"{'(the caller was late by)':<28} {times(late)}")

held_back = [target for target in middle if middle[target][3] >= BUSY]
if held_back:
    cpu_ratio = middle["h2load"][1] / middle["veil-api"][1]
    print(f"\nnote: the fake provider could not take more than {' and '.join(held_back)} sent, as its core was full; "
          f"by CPU time a push, the sender is {cpu_ratio:.2f} x h2load")
if percentile(late, 0.99) > LATE_MS:
    print("\nnote: doubtful times of calls, as the program that makes them was held back")
for problem, times_seen in problems.most_common(5):
    print(f"\n{times_seen} times: {problem}")

failed = sum(problems.values())
results = [
    (middle["veil-api"][0] >= RATE, f"sender alone: {middle['veil-api'][0]:.0f} pushes/s, at least {RATE}"),
    (ratio >= RATIO, f"sender alone: {ratio:.2f} x h2load, at least {RATIO}"),
    (full - before <= MEMORY_MB, f"{count} queued pushes: {full - before:.1f} MB, at most {MEMORY_MB}"),
    (percentile(wire, 0.99) <= WIRE_MS, f"webhook to wire: p99 {percentile(wire, 0.99):.2f} ms, at most {WIRE_MS}"),
    (failed == 0, f"webhook: {failed} errors in {total} calls, none allowed"),
]
print()
for passed, text in results:
    print("PASS" if passed else "FAIL", text)
sys.exit(not all(passed for passed, _ in results))
