"""Objectives that do not see c: what they take off a model's arrays, and which models they refuse.

Conventions
-----------
alpha   (n_params - 1,)   theta without its last entry, c
"""

from __future__ import annotations

import dataclasses

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.base import Model
from nce_ref.objectives.base import LocalKinks

_SOME = 32


def without_c(kinks: LocalKinks) -> LocalKinks:
    """The kinks in the coordinates of alpha."""
    return dataclasses.replace(
        kinks, directions=kinks.directions[:, :-1], valleys=kinks.valleys[:, :-1]
    )


def shortened(matrix: Float) -> Float:
    """A symmetric matrix of theta in the coordinates of alpha, made exactly symmetric."""
    matrix = matrix[:-1, :-1]
    return 0.5 * (matrix + matrix.T)


def knows_normalizer(model: Model, theta: Float) -> bool:
    """Whether ln Z(theta) has a closed form that is finite here."""
    try:
        return bool(np.isfinite(model.log_normalizer(theta)))
    except (NotImplementedError, AttributeError, ValueError):
        return False


def refuse_without_c(model: Model, x: Float, call: str) -> None:
    """Raise ValueError for a model whose last parameter is no c, added to ln p_m: seen at c = 0 and c = 1, at some of
    the data."""
    points, theta = x[:: max(1, len(x) // _SOME)], np.full(model.n_params, 0.5)
    try:
        with np.errstate(all="ignore"):
            low, high = (
                np.asarray(model.log_density(np.append(theta[:-1], c), points)) for c in (0.0, 1.0)
            )
    except (ValueError, NotImplementedError):
        return  # a theta that the model refuses says nothing about c
    known = np.isfinite(low) & np.isfinite(high)
    rise = (high - low)[known]
    if not np.allclose(rise, 1.0, rtol=0.0, atol=1e-6 * (1.0 + np.abs(low[known]))):
        raise ValueError(
            f"model: ln p_m of {type(model).__name__} rises by {rise.min():.3g} to {rise.max():.3g}"
            f" where its last parameter rises by 1; expected for {call} a model whose last"
            " parameter is c, added to ln p_m, since the objective does not see it"
        )
