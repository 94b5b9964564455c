"""The two forms of the suite: what is done, how much of it, and for how long."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Form:
    connections: int  # idle ones, held at the same time
    hold_seconds: float  # how long they are held while others are active
    slow_connections: int  # of each kind of slow client
    slow_seconds: int  # how long each kind goes on
    slow_at_once: bool  # all kinds together instead of one after the other
    traffic_seconds: float
    households: int  # sources of mixed traffic
    pause_seconds: float  # of a household between two requests, on average
    fault_pauses: tuple[float, float]  # seconds between the recovery from a fault and the next one of its kind
    judge_memory: bool  # the run is long enough to tell growth from warming up


SHORT = Form(
    connections=10_000,
    hold_seconds=10,
    slow_connections=300,
    slow_seconds=12,
    slow_at_once=True,
    traffic_seconds=60,
    households=16,
    pause_seconds=0.2,
    fault_pauses=(4, 12),
    judge_memory=False,
)

LONG = Form(
    connections=10_000,
    hold_seconds=60,
    slow_connections=1000,
    slow_seconds=45,
    slow_at_once=False,
    traffic_seconds=1200,
    households=16,
    pause_seconds=0.4,
    fault_pauses=(10, 60),
    judge_memory=True,
)
