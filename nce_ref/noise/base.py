"""The face of noise: what can be sampled and evaluated. NCE needs both, of the *same* density and normalised.

Conventions
-----------
u   (n_points, n_dim)   points are rows
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nce_ref._checks import Float


class Noise(Protocol):
    """What NCE needs of noise: its normalised log-density, and samples of the same law.

    No class is inherited: any object with these two methods is a noise. One that tells its dimension, as ``n_dim``, has
    it compared with the model's. ``nr.check_noise`` looks whether the two methods belong together.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> class Exponential:
    ...     n_dim = 1
    ...     def log_density(self, u):
    ...         return np.where(u[:, 0] >= 0, -u[:, 0], -np.inf)
    ...     def sample(self, n_points, rng):
    ...         return rng.exponential(size=(n_points, 1))
    >>> nr.check_noise(Exponential(), np.random.default_rng(0)).ok
    True
    """

    def log_density(self, u: Float, /) -> Float:
        """Return ln p_n(u), normalised: (n_points,)."""
        ...

    def sample(self, n_points: int, rng: np.random.Generator, /) -> Float:
        """Draw from the same density: (n_points, n_dim)."""
        ...


def refuse_uncovered(noise: object, points: Float, log_noise: object) -> None:
    """Raise ValueError that shows the first point at which ln p_n is -inf: NCE needs noise wherever there is a point of
    data or noise."""
    values = np.asarray(log_noise)
    if values.shape != (len(points),) or values.dtype.kind != "f" or not np.isneginf(values).any():
        return
    t = int(np.argmax(np.isneginf(values)))
    told = np.array2string(points[t], precision=6, threshold=8)
    of_values = getattr(noise, "values", None)
    remedy = (
        ""
        if of_values is None
        else f"; this {type(noise).__name__} has the values {of_values}: say values=... to have the data's"
    )
    raise ValueError(
        f"noise.log_density: -inf at the point {told}; expected noise that covers the data, of a"
        f" density or mass above 0 at every one of their points{remedy}"
    )


def refuse_unfit_noise(noise: object, n_dim: int) -> None:
    """Raise ValueError for an object without ``log_density``, or for noise of another dimension than the model's."""
    if not callable(getattr(noise, "log_density", None)):
        raise ValueError(
            f"noise: got {type(noise).__name__}; expected an object with log_density(u), e.g. GaussianNoise(mean, cov)"
        )
    got = getattr(noise, "n_dim", n_dim)
    if got != n_dim:
        raise ValueError(f"noise: got dimension {got}; expected {n_dim}, the model's")
