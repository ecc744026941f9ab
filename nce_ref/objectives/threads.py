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


def in_order(part: Callable[[slice], R], blocks: Iterable[slice], threads: int) -> Iterator[R]:
    """Yield part(block) of every block in the blocks' order, computed by ``threads`` threads, in the caller's thread if it is 1."""
    if threads == 1:
        yield from map(part, blocks)
        return
    pool = _pool(threads, os.getpid())
    under_way: deque[Future[R]] = deque()
    for block in blocks:
        # The caller's context goes along: np.errstate lives in it.
        under_way.append(pool.submit(contextvars.copy_context().run, part, block))
        if len(under_way) > 4 * threads:  # parts of a block may be large: never hold those of all blocks
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """One pool a number of threads and a process: a forked child has its parent's pool but none of its threads, and would wait for ever."""
    return ThreadPoolExecutor(threads, thread_name_prefix="nce_ref")
