"""One asyncio loop in a thread of its own, so that XMPP sessions live on while a test talks REST."""

import asyncio
import threading

CALL_SECONDS = 20

_loop = None
_lock = threading.Lock()


def loop():
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, daemon=True, name="xmpp").start()
        return _loop


def run(coroutine, seconds=CALL_SECONDS):
    """Runs a coroutine on the loop and returns its result to the calling thread."""
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, seconds), loop()).result(seconds + 5)
