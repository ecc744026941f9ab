"""Progress with remaining time, weighted by each task's expected cost: a count of runs would lie, since big tasks go
first.

A bar where tqdm is installed and the stream is a terminal, plain lines (one in ``interval`` seconds) otherwise.
"""

from __future__ import annotations

import sys
import time
from typing import IO, Any

try:
    from tqdm import tqdm
except ImportError:  # the extra `replicate` brings it; nothing depends on it
    tqdm = None


class Progress:
    """Counts runs and their cost; ``advance`` after each run, ``close`` at the end."""

    def __init__(
        self, n_runs: int, cost: float, stream: IO[str] | None = None, interval: float = 10.0
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.n_runs, self.cost, self.interval = n_runs, max(cost, 1e-12), interval
        self.n_done, self.cost_done = 0, 0.0
        self.start = self.last = time.monotonic()
        self.bar: Any = None
        if tqdm is not None and self.stream.isatty():
            layout = "{percentage:3.0f}%|{bar}| {postfix} [{elapsed}, {remaining} left]"
            self.bar = tqdm(total=self.cost, file=self.stream, bar_format=layout)

    def advance(self, cost: float) -> None:
        """Note one finished run of the given cost."""
        self.n_done += 1
        self.cost_done += cost
        if self.bar is not None:
            self.bar.set_postfix_str(f"{self.n_done}/{self.n_runs} runs", refresh=False)
            self.bar.update(cost)
        elif time.monotonic() - self.last >= self.interval or self.n_done == self.n_runs:
            self.last = time.monotonic()
            print(self.line(self.last - self.start), file=self.stream, flush=True)

    def line(self, elapsed: float) -> str:
        """Return the plain line for the present state after ``elapsed`` seconds."""
        share = min(1.0, self.cost_done / self.cost)
        left = (
            f"about {clock(elapsed * (1.0 - share) / share)} left"
            if share > 0.0
            else "time left unknown"
        )
        return f"{self.n_done}/{self.n_runs} runs, {share:.0%} of the work, {clock(elapsed)} passed, {left}"

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.close()


def clock(seconds: float) -> str:
    """Return seconds as m:ss, or h:mm:ss from one hour on."""
    minutes, rest = divmod(int(round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
