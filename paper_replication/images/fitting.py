"""Climbing J on some 10^5 points: block by block in float32, by L-BFGS, and the paper's three stages.

*Conventions.* J is the package's, a mean per data point and maximised; P10's is half of it. The noise is uniform on
the sphere, so that
G = ln p_m - ``noise.constant``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize

from nce_ref.special import log_sigmoid, log_sigmoid_and_slope, sigmoid

from .models import Array, Float, OneLayer, TwoLayers
from .sphere import SphereNoise

GAIN_OF_STEP = 1e-6  # relative: L-BFGS stops where a step gains less
BLOCK = 4096


@dataclass(frozen=True)
class Climb:
    """``identity``: mean_x(1 - h) - nu mean_y h, which is 0 at a maximum with a free c."""

    theta: Float
    value: float
    identity: float
    n_evaluations: int


def objective(
    model: Any, theta: Float, noise: SphereNoise, x: Array, y: Array
) -> tuple[float, Float, float]:
    """Return J, its gradient, and its derivative by c, ``identity``. The model is ours or the package's: it has
    ``vjp``."""
    log_nu = math.log(len(y) / len(x))
    value, gradient, identity = 0.0, np.zeros(model.n_params), 0.0
    block = getattr(model, "block", BLOCK)
    for sign, points in ((1.0, x), (-1.0, y)):
        for start in range(0, len(points), block):
            log_p, pullback = model.vjp(theta, points[start : start + block])
            terms, slopes = log_sigmoid_and_slope(sign * (log_p - noise.constant - log_nu))
            value += float(terms.sum())
            identity += sign * float(slopes.sum())
            gradient += pullback(sign * slopes)
    return value / len(x), gradient / len(x), identity / len(x)


def climb(
    model: Any,
    theta: Float,
    noise: SphereNoise,
    x: Array,
    y: Array,
    *,
    free: NDArray[np.bool_] | None = None,
    max_iterations: int = 200,
    until: float = math.inf,
) -> Climb:
    """Climb from theta by L-BFGS, moving the ``free`` entries alone, until J >= ``until`` or a step gains too
    little."""
    moves = np.ones(model.n_params, dtype=bool) if free is None else free
    used = 0

    def whole(part: Float) -> Float:
        found = np.array(theta)
        found[moves] = part
        return found

    def descent(part: Float) -> tuple[float, Float]:
        nonlocal used
        used += 1
        value, gradient, _ = objective(model, whole(part), noise, x, y)
        return -value, -gradient[moves]

    def stop(intermediate_result: Any) -> None:
        if -intermediate_result.fun >= until:
            raise StopIteration

    options = {"maxiter": max_iterations, "ftol": GAIN_OF_STEP, "gtol": 1e-7, "maxcor": 20}
    found = minimize(
        descent, theta[moves], jac=True, method="L-BFGS-B", options=options, callback=stop
    )
    end = settled(model, whole(found.x), noise, x, y)
    value, _, identity = objective(model, end, noise, x, y)
    return Climb(end, value, identity, used)


def settled(model: Any, theta: Float, noise: SphereNoise, x: Array, y: Array) -> Float:
    """Return theta with the best c: J is concave in it, and L-BFGS, which stops where J gains little, leaves it some
    hundredths off."""
    log_nu = math.log(len(y) / len(x))
    of_x, of_y = (_log_ratios(model, theta, noise, points) - log_nu for points in (x, y))

    def slope(shift: float) -> float:
        return float(sigmoid(-of_x - shift).sum() - sigmoid(of_y + shift).sum())

    moved = np.array(theta)
    moved[-1] += brentq(slope, -50.0, 50.0, xtol=1e-10)
    return moved


def _log_ratios(model: Any, theta: Float, noise: SphereNoise, points: Array) -> Float:
    starts = range(0, len(points), BLOCK)
    parts = [model.log_density(theta, points[i : i + BLOCK]) for i in starts]
    return np.concatenate(parts) - noise.constant


def centred(model: Any, theta: Float, noise: SphereNoise, y: Array) -> Float:
    """Return theta with the c at which ln p_m is ln p_n on average over the noise: a start that can tell nothing
    apart by its mass."""
    few = y[:BLOCK]
    moved = np.array(theta)
    moved[-1] += noise.constant - float(np.mean(model.log_density(theta, few)))
    return moved


def two_layers(
    one: Climb, noise: SphereNoise, x: Array, y: Array, rng: np.random.Generator, iterations: int
) -> tuple[TwoLayers, list[Climb]]:
    """P10's stages (2) and (3) after (1), the one-layer fit, whose V is I: V alone from small values until J is back,
    then all.

    Before (3) W and V are rescaled, V's columns to sum 1, which changes no density: both then have steps of one size.
    """
    n = noise.n_dim
    model, layer = TwoLayers(n), OneLayer(n).unpack(one.theta)
    P = np.sqrt(rng.uniform(0.0, 0.1, (n, n)))
    start = centred(model, model.pack(W=layer["W"], P=P, b=layer["b"], c=0.0), noise, y)
    second = climb(
        model,
        start,
        noise,
        x,
        y,
        free=model.free("P", "c"),
        max_iterations=iterations,
        until=one.value,
    )
    parts = model.unpack(second.theta)
    scale = np.sqrt(np.sum(parts["P"] ** 2, axis=0))
    parts |= {"W": parts["W"] * scale[:, None], "P": parts["P"] / scale}
    third = climb(model, model.pack(**parts), noise, x, y, max_iterations=iterations)
    return model, [second, third]


def held_out_terms(
    model: Any, theta: Float, noise: SphereNoise, x: Array, y: Array, nu: float
) -> tuple[Float, float]:
    """Return ln h of every data point, and nu times the mean of ln(1 - h) over the noise: J held out is their sum,
    the first averaged."""
    log_nu = math.log(nu)
    of_x = log_sigmoid(_log_ratios(model, theta, noise, x) - log_nu)
    of_y = log_sigmoid(log_nu - _log_ratios(model, theta, noise, y))
    return of_x, nu * float(np.mean(of_y))
