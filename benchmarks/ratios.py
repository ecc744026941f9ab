"""A ratio of times as it is shown: the median and its 95 % bootstrap interval."""

from __future__ import annotations

from typing import Any

import numpy as np

Interval = tuple[float, float, float]


def interval(ratios: Any) -> Interval:
    """The median and its 95 % interval, by 2000 resamplings of the pairs (or data sets)."""
    ratios = np.asarray(ratios)
    picks = np.random.default_rng(0).integers(0, len(ratios), (2000, len(ratios)))
    low, high = np.quantile(np.median(ratios[picks], axis=1), [0.025, 0.975])
    return float(np.median(ratios)), float(low), float(high)


def spell(ratio: Interval) -> str:
    return f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]"
