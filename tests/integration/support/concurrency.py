"""Several calls at the same moment."""

import concurrent.futures
import threading


def together(calls):
    """Runs all calls at the same moment and returns their results in order."""
    start = threading.Barrier(len(calls))

    def wait_and(call):
        start.wait(10)
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(wait_and, call) for call in calls]]
