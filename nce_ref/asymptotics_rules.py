r"""How I_nu and m_nu are integrated where the model offers no closed form: quadrature on the line, or random points.

    I_nu = E_d[P g g^T],   m_nu = E_d[P g],   P = nu p_n/(p_d + nu p_n) = sigma(ln nu - G)

Conventions
-----------
theta (n_params,), at the truth; u (n_points, n_dim); weights (n_points,) hold the density and the rule's own
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref._checks import Float, as_array
from nce_ref.models.moments import Moments
from nce_ref.special import sigmoid

REPLICATES = 8  # independent randomisations of a rule with random points
# Of a rule on the line, in logarithms: 1100 times the scale at first, then farther until nothing is left, up to 1e26
# times.
FIRST_REACH, LAST_REACH = 7.0, 60.0
# How far from 1 the mass may be: where ln Z says that theta normalises, and where quadrature alone can say it (to a
# jump's 1e-4).
_MASS_OF_KNOWN, _MASS = 0.5, 1e-3
_EPS = float(np.finfo(float).eps)


def _weighted(
    model: Any, theta: Float, noise: Any, nu: float, u: Float, weights: Float
) -> tuple[Float, Float]:
    """sum_t weights[t] P(u_t) g(u_t) g(u_t)^T and the same with one g."""
    density = model.log_density(theta, u)
    if not np.isfinite(
        density
    ).all():  # outside of its support a model may be -inf, and its g anything
        inside = density > -np.inf
        if not inside.any():
            n = model.n_params
            return np.zeros((n, n)), np.zeros(n)
        u, weights, density = u[inside], weights[inside], density[inside]
    if math.isfinite(nu):
        # P = sigma(ln nu - G) keeps its digits on both tails, where nu p_n / (p_d + nu p_n) is 0/0.
        weights = weights * sigmoid(math.log(nu) - (density - noise.log_density(u)))
    g = model.jacobian(theta, u)
    weighted = g * weights[:, None]
    return weighted.T @ g, weighted.sum(axis=0)


def line_moments(
    model: Any, theta: Float, noise: Any, nu: float, constant_known: bool = True
) -> Moments:
    """Quadrature by ``line_rule``, the step halved until two agree."""
    rule = line_rule(model, theta)

    def sums(step: float, reach: float) -> tuple[Float, float, Float]:
        """I_nu with m_nu as its last row, what the density adds up to, and bounds on the error of I_nu."""
        u, slope = rule(step, reach)
        log_density = model.log_density(theta, u)
        density = slope * np.exp(log_density)
        information, mean = _weighted(model, theta, noise, nu, u, density)
        # What the outermost nodes carry is about what lies beyond, a unit of t wide; ln p is known to a few eps of
        # itself.
        ends = _weighted(model, theta, noise, nu, u[[0, -1]], density[[0, -1]])[0]
        known = density * (4.0 * _EPS * (1.0 + np.abs(np.maximum(log_density, -1e3))))
        error = np.abs(ends) / step + np.abs(_weighted(model, theta, noise, nu, u, known)[0])
        return np.vstack([information, mean]), float(density.sum()), error

    def disagreement(fine: Float, coarse: Float) -> float:
        size = np.sqrt(np.diag(fine))
        return float((np.abs(fine - coarse)[:-1] / np.outer(size, size)).max())

    def relative(found: Float, error: Float) -> float:
        return float((np.diag(error) / np.diag(found)).max())

    reach = FIRST_REACH
    while relative(*sums(1.0 / 8.0, reach)[::2]) > 1e-13 and reach < LAST_REACH:
        reach += 0.5
    step = 1.0 / 8.0
    found, mass, error = sums(step, reach)
    while True:
        step *= 0.5
        coarse = found
        found, mass, error = sums(step, reach)
        if disagreement(found, coarse) < max(1e-11, relative(found, error)) or step < 1e-4:
            break
    if not abs(mass - 1.0) <= (_MASS_OF_KNOWN if constant_known else _MASS):
        raise ValueError(
            f"theta: exp(ln p_m) has the integral {mass:.6g} over the line; expected 1, a density"
            " on the whole line: c = -ln Z, -inf outside of the support of bounded data; for"
            " discrete data offer noise_weighted_moments, a sum over the states"
        )
    size = np.sqrt(np.diag(found))
    error = error + abs(mass - 1.0) * np.outer(size, size)
    return Moments(
        found[:-1],
        found[-1],
        ((coarse[:-1], coarse[-1]),),
        False,
        error,
        f"quadrature on the line, {2 * round((4.0 + reach) / step)} nodes",
    )


def line_rule(model: Any, theta: Float) -> Callable[[float, float], tuple[Float, Float]]:
    """Return (step, reach) -> (points, weights) on the line: u = centre +- scale exp(t - e^-t), trapezoidal in t, t in
    [-4, reach].

    The substitution puts a kink at the centre out of harm's way (the Laplace model's is at 0, its median) and turns
    tails that fall like e^-|u| into doubly exponential ones; |u - centre| runs from 4e-26 to e^reach times ``scale``,
    which is half the distance between the quartiles.
    """
    centre, scale = 0.0, 1.0
    if offers_transport(model, theta):
        low, centre, high = (
            float(v) for v in model.transport(theta, np.array([[0.25], [0.5], [0.75]]))[:, 0]
        )
        scale = 0.5 * abs(high - low)  # the transport may fall: x = s/B does for B < 0

    def rule(step: float, reach: float) -> tuple[Float, Float]:
        t = np.arange(-4.0, reach + 0.5 * step, step)
        r = scale * np.exp(t - np.exp(-t))
        slope = r * (1.0 + np.exp(-t)) * step
        return np.concatenate([centre - r[::-1], centre + r])[:, None], np.concatenate(
            [slope[::-1], slope]
        )

    return rule


def random_moments(
    model: Any, theta: Float, noise: Any, nu: float, rng: np.random.Generator, log2_points: int
) -> Moments:
    """Averages over independent randomisations of one rule, each unbiased by itself; their scatter is the error."""
    draw, name = random_rule(model, theta, rng, log2_points)
    return _averaged(model, theta, noise, nu, draw, log2_points, f"sets of {2**log2_points} {name}")


def random_rule(
    model: Any, theta: Float, rng: np.random.Generator, log2_points: int
) -> tuple[Callable[[], Float], str]:
    """Return a function that draws 2**log2_points points of the density afresh, and what they are called."""
    count = 2**log2_points
    if not offers_transport(model, theta):
        return lambda: as_array(
            "model.sample", model.sample(theta, count, rng), 2, (count, model.n_dim)
        ), "independent points"
    # Imported here: scipy.stats takes longer to load than all the rest, and only this needs it.
    from scipy.stats import qmc

    # 50 bits and half a cell up: no coordinate is 0 or 1, where the inverse distribution function is infinite.
    def draw() -> Float:
        cube = (
            qmc.Sobol(model.n_dim, scramble=True, bits=50, seed=rng).random_base2(log2_points)
            + 2.0**-51
        )
        return np.asarray(model.transport(theta, cube), dtype=np.float64)

    return draw, "scrambled Sobol points"


def rotated_moments(model: Any, theta: Float, noise: Any, nu: float, log2_points: int) -> Moments:
    """Averages over ``rotated_rule``'s sets of points: nothing is drawn."""
    draw, name = rotated_rule(model, theta, log2_points)
    sets = f"rotations of {2**log2_points} {name}"
    return _averaged(model, theta, noise, nu, draw, log2_points, sets)


def rotated_rule(model: Any, theta: Float, log2_points: int) -> tuple[Callable[[], Float], str]:
    """Return a function that gives one set of 2**log2_points points after the other, and what they are called.

    Sobol's points, rotated (Cranley & Patterson 1976) by multiples of the roots of primes. The scatter of the rotations
    is stated as if they were random; they are not, so the error is a good guess and no confidence interval.
    """
    from scipy.stats import qmc

    count = 2**log2_points
    cube = qmc.Sobol(model.n_dim, scramble=False).random_base2(log2_points)
    steps = np.sqrt(np.array(_primes(model.n_dim), dtype=np.float64))
    turns = iter(range(2**30))

    def turned() -> Float:
        # Half a cell up in a net of 2^-52: no coordinate is 0 or 1, where the inverse distribution function is
        # infinite.
        points = np.clip((cube + (next(turns) + 0.5) * steps) % 1.0, 2.0**-53, 1.0 - 2.0**-53)
        return as_array("model.transport", model.transport(theta, points), 2, (count, model.n_dim))

    return turned, "Sobol points"


def _averaged(
    model: Any,
    theta: Float,
    noise: Any,
    nu: float,
    draw: Callable[[], Float],
    log2_points: int,
    sets: str,
) -> Moments:
    weights = np.full(2**log2_points, 2.0**-log2_points)
    pairs = tuple(_weighted(model, theta, noise, nu, draw(), weights) for _ in range(REPLICATES))
    information = np.mean([pair[0] for pair in pairs], axis=0)
    mean = np.mean([pair[1] for pair in pairs], axis=0)
    zero = np.zeros_like(information)
    return Moments(information, mean, pairs, True, zero, f"{REPLICATES} {sets}")


def offers_transport(model: Any, theta: Float) -> bool:
    """Whether the model has a transport that does not refuse."""
    if not callable(getattr(model, "transport", None)):
        return False
    try:
        model.transport(theta, np.full((1, model.n_dim), 0.5))
    except NotImplementedError:
        return False
    return True


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % p for p in found):
            found.append(candidate)
        candidate += 1
    return found
