r"""Which layers of a model the asymptotics need, and what stands in for ln Z where only a sampler is there.

Without ln Z nobody says that c normalises, on which Theorem 3 rests. Points of the model and of the noise tell the mass
int exp(ln p_m) by bridge sampling; c is taken as given if that is 1 within its error, and what the error of c does to
I_nu is put into the error stated.

Conventions
-----------
theta (n_params,), the truth
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref._checks import Float, as_array
from nce_ref.asymptotics_rules import random_moments
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model
from nce_ref.models.moments import Moments
from nce_ref.noise.same_law import bridge

_LOG2_POINTS = 16
# Of a normal distribution: one in a million beyond, and 99 % within.
_REFUSED, _CONFIDENCE = 4.8916384756, 2.5758293035


def with_layers(model: Any, call: str) -> Model:
    """Return the model with what a stranger's two functions need added, as ``as_model``.

    Raises ValueError naming all that is missing: in one dimension nothing more is needed; in more a sampler, or a
    transport with ln Z.
    """
    if callable(getattr(model, "noise_weighted_moments", None)) or getattr(model, "n_dim", 0) == 1:
        return as_model(model, call)
    sampled = callable(getattr(model, "sample", None))
    return as_model(model, call, () if sampled else (("sample", "transport"), "log_normalizer"))


def moments_by_sampler(
    model: Model,
    theta: Float,
    noise: Any,
    nu: float,
    rng: np.random.Generator,
    log2_points: int,
) -> Moments:
    """Return I_nu and m_nu by random points of a model whose ln Z is not known.

    Raises ValueError where its mass is not 1, one right theta in a million included.
    """
    if math.isinf(nu):  # P = 1: c plays no part
        return random_moments(model, theta, noise, nu, rng, log2_points)
    count, n = 2**_LOG2_POINTS, model.n_dim
    x = as_array("model.sample", model.sample(theta, count, rng), 2, (count, n))
    y = as_array("noise.sample", noise.sample(count, rng), 2, (count, n))
    with np.errstate(all="ignore"):
        log_ratios = [model.log_density(theta, u) - noise.log_density(u) for u in (x, y)]
    log_mass, error = bridge(*log_ratios)
    if not abs(log_mass) <= _REFUSED * error:
        raise ValueError(
            f"theta: exp(ln p_m) has the mass exp({log_mass:.4g} +- {error:.2g}) by bridge"
            f" sampling; expected 1, c = -ln Z: subtract {log_mass:.4g}"
        )
    off = theta.copy()
    off[-1] += _CONFIDENCE * error
    twin = copy.deepcopy(rng)
    found = random_moments(model, theta, noise, nu, rng, log2_points)
    moved = random_moments(model, off, noise, nu, twin, log2_points)
    method = (
        f"{found.method}; c taken as given, by bridge sampling right to {_CONFIDENCE * error:.2g}"
    )
    return replace(found, error=np.abs(moved.information - found.information), method=method)
