"""An estimate with its error: what a claim's estimand returns, and intervals of the kinds that several studies need.

*Conventions.* Normal intervals use Student's t with ``df`` degrees of freedom. An estimand looks at its study's
evidence and returns an ``Estimate``, or None without runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from . import statistics as st


@dataclass(frozen=True)
class Estimate:
    """An estimate from ``n`` runs. ``bounds(confidence)`` replaces the interval value +- t * standard_error where one
    is exact.

    ``reading_error`` is a bound, not a standard deviation: it widens the interval by itself.
    """

    value: float
    standard_error: float
    n: int
    df: float = np.inf
    reading_error: float = 0.0
    bounds: Callable[[float], st.Interval] | None = None
    note: str = ""

    def interval(self, confidence: float) -> st.Interval:
        """Return the two-sided interval of that confidence."""
        if self.bounds is not None:
            return self.bounds(confidence)
        half = (
            quantile(0.5 * (1.0 - confidence), self.df) * self.standard_error + self.reading_error
        )
        return self.value - half, self.value + half


Estimand = Callable[[Any], "Estimate | None"]


def quantile(tail: float, df: float) -> float:
    """Upper quantile of Student's t, of the normal for df = inf."""
    return float(stats.norm.isf(tail) if np.isinf(df) else stats.t.isf(tail, df))


@dataclass(frozen=True)
class Bounds:
    """An interval function with its data: a value, so that estimates stay comparable and can be sent between
    processes."""

    function: Callable[..., st.Interval]
    arguments: tuple[object, ...]

    def __call__(self, confidence: float) -> st.Interval:
        return self.function(*self.arguments, confidence)


def proportion(successes: int, n: int) -> Estimate:
    """A share of ``n`` with its exact interval."""
    return Estimate(
        successes / n,
        st.proportion_error(successes, n),
        n,
        bounds=Bounds(st.proportion_interval, (successes, n)),
        note=f"{successes} of {n}",
    )
