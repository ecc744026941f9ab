"""Error against time: a callback that every estimator takes, and that keeps when each theta was reached.

    trace = nr.Trace()                                   # the clock starts
    fit = nr.fit_nce(model, noise, x, y, start=theta0, callback=trace)
    trace.seconds, trace.thetas                          # (n,), (n, n_params): errors are computed afterwards, off the
                                                         clock

Conventions
-----------
callback(theta)   after each accepted step, with theta (n_params,), c included: c = -ln Z for maximum likelihood and
                  score matching, -ln of the estimated Z for importance sampling, the fitted c for NCE, the average so
                  far for contrastive divergence. With several starts, one start after the other
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nce_ref._checks import Float

Callback = Callable[[Float], object]


class Trace:
    """A callback that keeps the elapsed seconds and theta of every accepted step, for curves of error against time.

    The clock starts when it is made, and runs through all fits that it is handed to.

    Parameters
    ----------
    clock : callable, optional
        Seconds as a float, rising; ``time.perf_counter`` by default.

    Attributes
    ----------
    seconds : (n,)
    thetas : (n, n_params)
        As the module's conventions say for each estimator; errors are computed afterwards, off the clock.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model, rng = nr.Gaussian(1), np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((100, 1)), nr.GaussianNoise([0.0], [[2.0]])
    >>> trace = nr.Trace()
    >>> fit = nr.fit_nce(model, noise, x, noise.sample(500, rng), start=[1.0, 0.0], callback=trace)
    >>> trace.thetas.shape[1], bool((np.diff(trace.seconds) >= 0).all())
    (2, True)
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._begin = clock()
        self._seconds: list[float] = []
        self._thetas: list[Float] = []

    def __call__(self, theta: Float) -> None:
        """Record theta, as a copy, and the time."""
        self._seconds.append(self._clock() - self._begin)
        self._thetas.append(np.array(theta, dtype=np.float64))

    @property
    def seconds(self) -> Float:
        """(n,): seconds since the clock started, rising."""
        return np.array(self._seconds, dtype=np.float64)

    @property
    def thetas(self) -> Float:
        """(n, n_params): one row a record; (0, 0) before the first."""
        return np.stack(self._thetas) if self._thetas else np.empty((0, 0))
