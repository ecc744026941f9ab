r"""Averaged iterates (Polyak & Juditsky, SIAM J. Control Optim. 1992) over the second half of a run, and how settled
they are.

    alpha_{t+1} = alpha_t + rate K^{-1} D_t,
    average = mean of alpha over the window, the last m = ceil(t/2) of t steps

Fixed steps make alpha settle into fluctuations about the root of E D; averaging removes them, and the second half
forgets the way there. Two numbers, in a ``unit`` of the caller's choice, such as the size of |K^{-1/2} D| by the
sampling of the data:

    drift = |K^{-1/2} mean D|             the sum of D is the way gone, so it is small only where the run has stopped going anywhere
    noise = sqrt(tr(K^{-1} Cov D) / m)    what the randomness of each D leaves in the mean

Conventions
-----------
alpha, D  (n,)    K (n, n) positive definite, a metric
"""  # noqa: E501

from __future__ import annotations

import math

import numpy as np

from nce_ref._checks import Float


class SecondHalf:
    """The steps so far. Running sums make the average of any window two look-ups; D itself is kept for its
    covariance."""

    def __init__(self, start: Float) -> None:
        self._start = np.array(start, dtype=np.float64)
        self._sums: list[Float] = [np.zeros_like(self._start)]
        self._directions: list[Float] = []

    def __len__(self) -> int:
        return len(self._directions)

    def add(self, alpha: Float, direction: Float) -> None:
        """Record alpha after a step, and the D that it followed."""
        # Sums of alpha - start: rounding stays that of the way gone.
        self._sums.append(self._sums[-1] + (alpha - self._start))
        self._directions.append(np.array(direction))

    def average(self) -> Float:
        """Mean of alpha over the window; the start before the first step."""
        t = len(self)
        if t == 0:
            return self._start.copy()
        return self._start + (self._sums[t] - self._sums[t // 2]) / (t - t // 2)

    def mean_direction(self) -> Float:
        """Mean of D over the window; 0 before the first step."""
        return np.mean(self._window(), axis=0) if len(self) else np.zeros_like(self._start)

    def drift_and_noise(self, metric: Float, unit: float) -> tuple[float, float]:
        """Return (drift, noise), see the module; (inf, inf) before the window holds two steps."""
        window = self._window()
        if len(window) < 2:
            return math.inf, math.inf
        mean = window.mean(axis=0)
        drift = float(mean @ np.linalg.solve(metric, mean))
        spread = np.atleast_2d(np.cov(window, rowvar=False))
        noise = float(np.trace(np.linalg.solve(metric, spread))) / len(window)
        return math.sqrt(max(drift, 0.0)) / unit, math.sqrt(max(noise, 0.0)) / unit

    def _window(self) -> Float:
        return np.array(self._directions[len(self) // 2 :]).reshape(-1, len(self._start))
