"""Cost: the seconds that a piece of work takes, and the memory of a process."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def seconds(work: Callable[[], Any], times: int) -> list[float]:
    """Call `work` several times and return the seconds of each call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def memory(process: int | str = "self") -> int:
    """Return the resident bytes of a process; 0 where /proc does not report them."""
    return _memory("VmRSS", process)


def peak_memory(process: int | str = "self") -> int:
    """Return the maximum resident bytes of a process; 0 where /proc does not report them.

    The `resource` module cannot be used for this: a new process starts with the maximum of its parent.
    """
    return _memory("VmHWM", process)


def _memory(entry: str, process: int | str) -> int:
    found = re.search(rf"{entry}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 if found else 0
