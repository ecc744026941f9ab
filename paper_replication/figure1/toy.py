r"""J12's toy example: the Gaussian of zero mean as an unnormalised model, phi(u; theta) = exp(theta_2 - theta_1 u^2/2).

*Conventions.* theta = (precision, c) of ``nce_ref.Gaussian(1)``; data N(0, 1), so the truth is (1, -1/2 ln 2 pi) = (1,
-0.919); noise N(0, 1.5^2), nu = 10. The noise's variance is not given in the slides; this is a choice. The picture
shows that J, as a function of both, has its maximum on the curve of normalised models c = 1/2 ln theta_1 - 1/2 ln 2 pi
without being told it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from nce_ref import Gaussian, GaussianNoise, NCEObjective

MODEL = Gaussian(n_dim=1)
NU, N_DATA, NOISE_VARIANCE = 10, 4000, 2.25
PRECISIONS, CONSTANTS = (0.1, 2.0), (-2.5, 0.5)
STARTS = ((0.4, 0.0), (0.4, -2.3), (1.8, -2.0))
N_GRID = 81


def picture(rng: np.random.Generator) -> dict[str, Any]:
    """Return "precision" (p,), "c" (q,), "objective" (q, p), and "paths", one (k, 2) array of (precision, c) a
    start."""
    objective = make_objective(rng)
    precision, c = np.linspace(*PRECISIONS, N_GRID), np.linspace(*CONSTANTS, N_GRID)
    values = np.array([[objective(np.array([p, k]))[0] for p in precision] for k in c])
    return {
        "precision": precision,
        "c": c,
        "objective": values,
        "paths": [path(objective, np.array(start)) for start in STARTS],
    }


def make_objective(rng: np.random.Generator) -> NCEObjective:
    """Return J for ``N_DATA`` data points and ``NU`` times as many noise points."""
    truth = MODEL.normalize(np.array([1.0, 0.0]))
    noise = GaussianNoise([0.0], [[NOISE_VARIANCE]])
    return NCEObjective(
        MODEL, noise, MODEL.sample(truth, N_DATA, rng), noise.sample(NU * N_DATA, rng)
    )


def path(objective: NCEObjective, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the iterates of nonlinear conjugate gradients, the paper's optimiser, from ``start``: (k, 2)."""
    points = [start]

    def descent(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = objective(theta)
        return -value, -gradient

    minimize(
        descent, start, jac=True, method="CG", callback=lambda theta: points.append(np.array(theta))
    )
    return np.array(points)
