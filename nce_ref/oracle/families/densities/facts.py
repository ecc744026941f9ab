"""What is known of the arguments that many objectives share: the demixing matrix, the noise's law, the precision, c,
and kinks.

Conventions
-----------
symmetric   a covariance or a precision that is not is refused
kink        b_i . u = 0 exactly: products of two float32 numbers are exact in float64, and fsum rounds once
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs

KINK_CONVENTION = "kink-convention"  # the catalogue's entry


def _n_dim(name: str) -> Facts:
    return Facts(
        flags={"one-dimension": lambda inputs: len(inputs[name]) == 1},
        properties={"where n_dim > 1": lambda inputs: len(inputs[name]) > 1},
    )


def _asymmetric(name: str) -> Callable[[Inputs], Iterator[str]]:
    def refuses(inputs: Inputs) -> Iterator[str]:
        if np.any(inputs[name] != inputs[name].T):
            yield f"{name}: not symmetric"

    return refuses


DEMIXING = (
    Facts(
        flags={
            "negative-determinant": lambda inputs: bool(np.linalg.det(inputs["B"]) < 0),
            "not-symmetric": lambda inputs: bool((inputs["B"] != inputs["B"].T).any()),
            "badly-scaled": lambda inputs: bool(np.linalg.cond(inputs["B"]) > 100),
        },
        properties={
            "where det B < 0": lambda inputs: bool(np.linalg.det(inputs["B"]) < 0),
            "where B is not symmetric": lambda inputs: bool((inputs["B"] != inputs["B"].T).any()),
        },
        offsets={"ln|det B|": lambda inputs: float(np.linalg.slogdet(inputs["B"])[1])},
    ),
    _n_dim("B"),
)
PRECISION = (Facts(refuses=_asymmetric("precision")), _n_dim("precision"))
CONSTANT = (
    Facts(
        properties={"where c is not 0": lambda inputs: inputs["c"] != 0.0},
        offsets={"c": lambda inputs: inputs["c"]},
    ),
)


def _law(mean: str, cov: str) -> Facts:
    """Facts of N(mean, cov), by the names of its arguments."""
    return Facts(
        flags={
            "correlated-noise": lambda inputs: bool(
                (inputs[cov] != np.diag(np.diagonal(inputs[cov]))).any()
            ),
            "noise-mean": lambda inputs: bool(np.any(inputs[mean])),
        },
        properties={
            "where the covariance is not diagonal": lambda inputs: bool(
                (inputs[cov] != np.diag(np.diag(inputs[cov]))).any()
            ),
            "where the covariance is not the identity": lambda inputs: bool(
                (inputs[cov] != np.eye(len(inputs[cov]))).any()
            ),
            "where the mean is not 0": lambda inputs: bool(np.any(inputs[mean])),
        },
        offsets={"ln det cov": lambda inputs: float(np.linalg.slogdet(inputs[cov])[1])},
        refuses=_asymmetric(cov),
    )


NOISE = (_law("noise_mean", "noise_cov"),)
GAUSSIAN = (_law("mean", "cov"), _n_dim("cov"))


def _is_normalised(inputs: Inputs) -> bool:
    log_constant = np.linalg.slogdet(inputs["B"])[1] - 0.5 * len(inputs["B"]) * math.log(2.0)
    return bool(abs(log_constant - inputs["c"]) < 1e-12)


NORMALISED = (Facts(flags={"normalised": _is_normalised}),)


def n_kinks(*points: str) -> Callable[[Inputs], int]:
    """How many b_i . u are exactly 0 over the points of these names."""

    def count(inputs: Inputs) -> int:
        return sum(int((inputs[name] @ inputs["B"].T == 0).sum()) for name in points)

    return count


def ridge_columns(B: Float, points: Float, weights: Float) -> list[Float]:
    """For each row of B, -sqrt(2) w_t u_t of the points at its kink, (n_dim, number of them); a point at 0 has no slope
    to choose."""
    return [_columns(row, points, weights) for row in B]


def _columns(row: Float, points: Float, weights: Float) -> Float:
    kinked: Sequence[int] = [
        t for t, u in enumerate(points) if u.any() and math.fsum(row * u) == 0.0
    ]
    if not kinked:
        return np.empty((len(row), 0))
    return -math.sqrt(2.0) * (weights[kinked, None] * points[kinked]).T
