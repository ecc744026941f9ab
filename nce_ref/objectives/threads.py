"""Blocks shared among threads so that their number leaves no trace: the same blocks, and their parts handed back in
order.

NumPy lets other threads run inside its loops, so threads gain where an array call is long beside the interpreter's
share of it.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

R = TypeVar("R")

# Blocks a thread takes in one go: handing each over by itself costs as much as a third thread that asks for the
# interpreter.
_RUN = 8


def in_order(part: Callable[[slice], R], blocks: Iterable[slice], threads: int) -> Iterator[R]:
    """Yield part(block) of every block in the blocks' order, computed by ``threads`` threads, in the caller's thread if
    it is 1."""
    if threads == 1:
        yield from map(part, blocks)
        return
    waiting = list(blocks)
    length = min(_RUN, -(-len(waiting) // threads))
    runs = [waiting[k : k + length] for k in range(0, len(waiting), length)]
    pool = _pool(threads - 1, os.getpid())
    for k in range(0, len(runs), threads):
        # The caller works too: one thread less that asks for the interpreter, and one less to be woken.
        own, *others = runs[k : k + threads]
        # The caller's context goes along: np.errstate lives in it.
        under_way = [
            pool.submit(
                contextvars.copy_context().run, lambda run: [part(block) for block in run], run
            )
            for run in others
        ]
        yield from [part(block) for block in own]
        for future in under_way:
            yield from future.result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """One pool a number of threads and a process: a forked child has its parent's pool but none of its threads, and
    would wait for ever."""
    return ThreadPoolExecutor(threads, thread_name_prefix="nce_ref")
