"""Blocks shared among threads so that their number leaves no trace: the same blocks, and their parts handed back in order.

NumPy lets other threads run inside its loops, so threads gain where an array call is long beside the interpreter's share of it.
"""

from __future__ import annotations

import contextvars
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

R = TypeVar("R")

# Blocks a thread takes in one go: handing each over by itself costs as much as a third thread that asks for the interpreter.
_RUN = 8


def in_order(part: Callable[[slice], R], blocks: Iterable[slice], threads: int) -> Iterator[R]:
    """Yield part(block) of every block in the blocks' order, computed by ``threads`` threads, in the caller's thread if it is 1."""
    if threads == 1:
        yield from map(part, blocks)
        return
    waiting = list(blocks)
    length = min(_RUN, -(-len(waiting) // threads))
    runs = deque(waiting[k : k + length] for k in range(0, len(waiting), length))
    pool, under_way = _pool(threads, os.getpid()), deque[Future[list[R]]]()
    while runs or under_way:
        while runs and len(under_way) < 2 * threads:  # parts may be large: never hold those of all blocks
            # The caller's context goes along: np.errstate lives in it.
            under_way.append(pool.submit(contextvars.copy_context().run, lambda run: [part(block) for block in run], runs.popleft()))
        yield from under_way.popleft().result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """One pool a number of threads and a process: a forked child has its parent's pool but none of its threads, and would wait for ever."""
    return ThreadPoolExecutor(threads, thread_name_prefix="nce_ref")
