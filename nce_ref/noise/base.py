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
    """The face of noise. One that tells its dimension, as ``n_dim``, has it compared with the model's."""

    def log_density(self, u: Float, /) -> Float:
        """Return ln p_n(u), normalised: (n_points,)."""
        ...

    def sample(self, n_points: int, rng: np.random.Generator, /) -> Float:
        """Draw from the same density: (n_points, n_dim)."""
        ...


def refuse_unfit_noise(noise: object, n_dim: int) -> None:
    """Raise ValueError for an object without ``log_density``, or for noise of another dimension than the model's."""
    if not callable(getattr(noise, "log_density", None)):
        raise ValueError(
            f"noise: got {type(noise).__name__}; expected an object with log_density(u), e.g. GaussianNoise(mean, cov)"
        )
    got = getattr(noise, "n_dim", n_dim)
    if got != n_dim:
        raise ValueError(f"noise: got dimension {got}; expected {n_dim}, the model's")
