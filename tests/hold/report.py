"""What the suite says: progress lines, one line for every check, and the table at the end."""

import pathlib
import time
import traceback

BARS = "▁▂▃▄▅▆▇█"


class Report:
    """Details that no terminal wants go into the file `trouble`."""

    def __init__(self, trouble):
        self._trouble = pathlib.Path(trouble)
        self._begin = time.monotonic()
        self._rows = []
        self._passed, self._failed, self._missing = 0, [], []

    def say(self, text):
        print(f"==> {text} ({time.monotonic() - self._begin:.1f} s)", flush=True)

    def check(self, title, holds, found=""):
        """One promise: kept or broken. Returns whether it was kept."""
        if holds:
            self._passed += 1
        else:
            self._failed.append(title)
        shown = f": {found}" if found != "" else ""
        print(f"    {'passed' if holds else 'FAILED'}: {title}{shown}", flush=True)
        return bool(holds)

    def none_of(self, title, faults):
        """A promise that is broken by each of `faults`; the first ones are shown, all of them are written down."""
        if faults:
            self._write(title, "\n".join(str(fault) for fault in faults))
        return self.check(title, not faults, f"{len(faults)}, e.g. {'; '.join(map(str, faults[:3]))}" if faults else "")

    def broke(self, part, error):
        """A part that could not be carried out."""
        self._write(part, "".join(traceback.format_exception(error)))
        self.check(f"{part}: carried out", False, f"{type(error).__name__}: {error}")

    def did_not_run(self, title, why):
        self._missing.append(title)
        print(f"    did not run: {title}: {why}", flush=True)

    def row(self, name, value):
        self._rows.append((name, str(value)))

    def finish(self):
        """Prints the table; the exit code."""
        width = max((len(name) for name, _ in self._rows), default=0)
        print()
        for name, value in self._rows:
            print(f"    {name:<{width}}  {value}")
        if self._missing:
            print(f"    {'did not run':<{width}}  {', '.join(self._missing)}")
        print()
        for title in self._failed:
            print(f"    FAILED: {title}")
        print(f"{self._passed} passed, {len(self._failed)} failed", flush=True)
        return 1 if self._failed or not self._passed else 0

    def _write(self, title, text):
        with self._trouble.open("a") as file:
            file.write(f"--- {title}\n{text}\n")


def percentile(values, share):
    """The value that `share` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def both(latencies):
    return f"{milliseconds(percentile(latencies, 0.5))} / {milliseconds(percentile(latencies, 0.99))}"


def curve(values, points=20):
    """Numbers as a small picture with its least and greatest."""
    if not values:
        return "nothing was measured"
    step = max(1, len(values) / points)
    picked = [values[int(i * step)] for i in range(min(points, len(values)))]
    low, high = min(picked), max(picked)
    bars = "".join(BARS[int((value - low) / ((high - low) or 1) * (len(BARS) - 1))] for value in picked)
    return f"{bars} {low:.0f}..{high:.0f} MB"
