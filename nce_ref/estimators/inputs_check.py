r"""What is cheap to see of a problem before and after a fit: inputs that are wrong, or not what they are taken for.

A certificate speaks of the objective. That its pullback belongs to its log-density, that y was drawn from the noise, that x is not y: nothing in
a maximum shows it. These checks look at some hundred points, draw nothing, and find what is grossly wrong; ``nr.check_model`` and
``nr.check_noise`` look closely. A right problem gets a word less than once in 10^6 a check.

    pullback       sum w_t Delta_t against (h g . v), w_t = +-(1 ... 2) with the sign of Delta_t = ln p_m(theta + h v) - ln p_m(theta - h v)
    y of p_n       the score test of ``noise/same_law.py`` on y, held against quasi-random points of a wider normal distribution; features 1,
                   tanh s_i, tanh^2 s_i: bounded, whatever the tails
    overlap        I_cc (1 + nu)/nu, I_cc = (1/n_data) sum h(1 - h): 1 where noise and data are alike, 0 where the samples separate
    centred data   mean tanh s_i of data in their own units, for a model with ln p_m(u) = ln p_m(-u)

Conventions
-----------
x, y   (n_data, n_dim), (n_noise, n_dim)   points are rows; evenly spaced ones are looked at
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtrs
from scipy.special import chdtri, ndtri
from scipy.stats import qmc

from nce_ref._checks import Float
from nce_ref.noise import Noise
from nce_ref.objectives.counts import states_at
from nce_ref.objectives.nce import NCEObjective
from nce_ref.special import sigmoid

LEVEL = 1e-6
_SOME, _FEW = 256, 64
_SMALLEST = 60  # below this many points of a sample a law is not asked for
_FACTOR, _STEPS = 0.05, (1e-5, 1e-6, 1e-7)
_OVERLAP = 0.05
_ORDERS = 1e3
_EVEN = 1e-9
_QUARTILES = 1.3489795003921634  # the distance of a standard normal's


def words_before(objective: NCEObjective, noise: Noise, start: Float) -> tuple[str, ...]:
    """What is seen of the samples, the noise and the model at the start."""
    x, y = (points for points, _ in _some(objective))
    with np.errstate(all="ignore"):
        found = [
            *_same_points(objective),
            *_few_values(x, y),
            *_units(x),
            *_pullback(objective, start, x[:_FEW]),
            *_off_centre(objective, start, x),
            *_other_law(noise, y),
        ]
    return tuple(found)


def words_after(objective: NCEObjective, theta: Float) -> tuple[str, ...]:
    """What is seen of the fit: whether data and noise overlap."""
    bends = []
    with np.errstate(all="ignore"):
        for points, log_noise in _some(objective):
            log_ratio = objective.model.evaluate(theta, points).log_density - log_noise
            h = sigmoid(log_ratio - math.log(objective.nu))
            bends.append(float((h * (1.0 - h)).mean()))
    information = bends[0] + objective.n_noise / objective.n_data * bends[1]
    share = information * (1.0 + objective.nu) / objective.nu
    if not share < _OVERLAP:
        return ()
    return (
        f"data and noise hardly overlap: I_cc (1 + nu)/nu is {share:.2g}, where 1 is noise like the data and 0 samples that separate; "
        "the estimate rests on few points, take a noise nearer to the data",
    )


def _some(objective: NCEObjective) -> list[tuple[Float, Float]]:
    """Up to 256 evenly spaced points of each sample, with ln p_n there; of the sample that counts stand for where there are any."""
    of_x, of_y, found = objective.counts_x, objective.counts_y, []
    n_states = objective.n_data if of_x is None else len(of_x)
    for first, count, counts in (
        (0, objective.n_data, of_x),
        (n_states, objective.n_noise, of_y),
    ):
        places = np.arange(0, count, -(-count // _SOME))
        rows = places if counts is None else states_at(counts, places)
        found.append(objective.points(first + rows))
    return found


def _same_points(objective: NCEObjective) -> Iterator[str]:
    of_x, of_y = objective.counts_x, objective.counts_y
    if of_x is not None and of_y is not None:
        # Distinct states may well be the same: not their counts, too.
        if (
            len(of_x) > 1
            and np.array_equal(of_x, of_y)
            and np.array_equal(objective.x, objective.y)
        ):
            yield "x and y are the same points: expected y drawn from the noise, afresh"
        return
    count = min(objective.n_data, objective.n_noise, 16)
    rows = np.arange(count)
    x, y = objective.points(rows)[0], objective.points(objective.n_data + rows)[0]
    if count > 1 and len(np.unique(x, axis=0)) > count // 2 and np.array_equal(x, y):
        yield "x and y are the same points: expected y drawn from the noise, afresh"


def _few_values(x: Float, y: Float) -> Iterator[str]:
    if min(len(x), len(y)) < _SMALLEST:
        return
    n_x, n_y = _distinct(x[:_FEW]), _distinct(y[:_FEW])
    of_x, of_y = len(x[:_FEW]), len(y[:_FEW])
    for i in np.flatnonzero((2 * n_x < of_x) & (n_y == of_y))[:1]:
        yield (
            f"coordinate {i} of x takes few values ({n_x[i]} among {of_x} points), that of y none twice: discrete data need a "
            "noise that is a probability mass function on the same values, e.g. BernoulliNoise"
        )
    for i in np.flatnonzero((2 * n_y < of_y) & (n_x == of_x))[:1]:
        yield (
            f"coordinate {i} of y takes few values ({n_y[i]} among {of_y} points), that of x none twice: a probability mass function "
            "cannot be the noise of data with a density"
        )


def _distinct(points: Float) -> NDArray[np.intp]:
    """How many values each coordinate takes."""
    ordered = np.sort(points, axis=0)
    return 1 + np.count_nonzero(ordered[1:] != ordered[:-1], axis=0)


def _units(x: Float) -> Iterator[str]:
    size = np.ptp(x, axis=0)
    if len(x) > 1 and size.min() > 0.0 and size.max() > _ORDERS * size.min():
        yield (
            f"the coordinates of x differ in size by {size.max() / size.min():.2g}: choose units in which they are alike, "
            "so that starts and tolerances mean the same along each"
        )


def _pullback(objective: NCEObjective, theta: Float, points: Float) -> Iterator[str]:
    """One directional difference; a wrong one at three step lengths is no kink that a step happens to cross."""
    model = objective.model
    once = model.evaluate(theta, points)
    direction = _direction(theta)
    worst = math.inf
    for step in _STEPS:
        up = model.evaluate(theta + step * direction, points).log_density
        down = model.evaluate(theta - step * direction, points).log_density
        difference = (up - down) / (2.0 * step)
        weights = np.copysign(1.0 + np.arange(len(points)) / len(points), difference)
        size = float(weights @ difference)
        rounding = 1e-13 * float(np.abs(once.log_density).sum()) / step
        if not (math.isfinite(size) and size > 100.0 * rounding):
            return
        slope = float(once.pullback(weights) @ direction)
        worst = min(worst, abs(slope - size) / size)
        if worst <= _FACTOR:
            return
    yield (
        f"the model's derivative is {slope / size:.4g} times what differences of its log-density give, along one direction at the start: "
        "look at nr.check_model(model, theta, u)"
    )


def _direction(theta: Float) -> Float:
    """A direction with a part along every parameter, in theta's own size."""
    return np.asarray(np.cos(1.0 + np.arange(len(theta))) * np.maximum(np.abs(theta), 0.1))


def _off_centre(objective: NCEObjective, theta: Float, x: Float) -> Iterator[str]:
    if len(x) < _SMALLEST:
        return
    few = x[:16]
    # At some other theta: one with a mean of 0 may be even by chance.
    there = objective.model.evaluate(
        theta + _direction(theta), np.concatenate([few, -few])
    ).log_density
    if not (np.abs(there[:16] - there[16:]) <= _EVEN * (1.0 + np.abs(there[:16]))).all():
        return
    deviation = np.sqrt((x * x).mean(axis=0))
    t = np.tanh(x / np.where(deviation > 0.0, deviation, 1.0))
    z = np.abs(t.mean(axis=0)) / np.maximum(t.std(axis=0), 1e-300) * math.sqrt(len(t))
    worst = int(np.argmax(z))
    if z[worst] > -ndtri(LEVEL / (2.0 * len(z))):
        yield (
            f"the model is even, ln p_m(u) = ln p_m(-u), and coordinate {worst} of the data lies to one side of 0 (z = {z[worst]:.3g}): "
            "subtract the mean, from x and from the noise"
        )


def _other_law(noise: Noise, y: Float) -> Iterator[str]:
    if len(y) < max(_SMALLEST, 20 * y.shape[1] + 10):
        return
    n = y.shape[1]
    ordered = np.sort(y, axis=0)
    if (np.count_nonzero(ordered[1:] == ordered[:-1], axis=0) > 0.5 * len(y)).any():
        return  # discrete: see check_noise
    low, middle, high = (ordered[len(y) * k // 4] for k in (1, 2, 3))
    deviation = (high - low) / _QUARTILES
    if not deviation.min() > 0.0:
        return
    tamed = np.clip(y, middle - 5.0 * deviation, middle + 5.0 * deviation)
    mean = tamed.mean(axis=0)
    cov = _covariance(tamed - mean)
    try:
        factor = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        return
    wide = 1.0 + 0.5 * min(1.0, 3.0 / n) ** 0.5
    base = _normal_points(n)
    z = wide * base @ factor.T + mean
    s_y = dtrtrs(factor, (y - mean).T, lower=1)[0].T
    log_det = (
        float(np.log(np.diag(factor)).sum())
        + n * math.log(wide)
        + 0.5 * n * math.log(2.0 * math.pi)
    )
    r_y = -0.5 * (s_y * s_y).sum(axis=1) / wide**2 - log_det
    r_z = -0.5 * (base * base).sum(axis=1) - log_det
    q_y, q_z = np.asarray(noise.log_density(y)), np.asarray(noise.log_density(z))
    of_y = sigmoid(np.clip(r_y - q_y, -700.0, 700.0))
    of_z = sigmoid(np.clip(np.where(np.isnan(q_z), -np.inf, q_z) - r_z, -700.0, 700.0))
    if min(_effective(of_y), _effective(of_z)) < 0.5 * _SMALLEST:
        return
    a, b = of_y[:, None] * _features(s_y), of_z[:, None] * _features(wide * base)
    gap = a.mean(axis=0) - b.mean(axis=0)
    # The second sample is more even than a random one, so that its covariance counted as of one errs to the safe side.
    V = _covariance(a - a.mean(axis=0)) / len(a) + _covariance(b - b.mean(axis=0)) / len(b)
    size = np.sqrt(np.maximum(np.diag(V), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(V / np.outer(size, size))
    kept = eigenvalues > 1e-6 * eigenvalues[-1]
    whitened = (gap / size) @ vectors[:, kept] / np.sqrt(eigenvalues[kept])
    k = int(kept.sum())
    # The normal distribution was fitted to the same y: a generous margin for that, and for the central limit theorem at 256 points.
    if float(whitened @ whitened) > 2.0 * float(chdtri(k, LEVEL)):
        yield (
            "y does not look drawn from the noise that is evaluated (its points, its mean, its spread or its constant): look at "
            "nr.check_noise(noise, rng)"
        )


def _covariance(centred: Float) -> Float:
    return np.asarray(centred.T @ centred / (len(centred) - 1.0))


def _features(s: Float) -> Float:
    t = np.tanh(s)
    return np.column_stack([np.ones(len(s)), t, t * t])


def _effective(weights: Float) -> float:
    square = float(weights @ weights)
    return float(weights.sum()) ** 2 / square if square > 0.0 else 0.0


@functools.lru_cache(maxsize=16)
def _normal_points(n: int) -> Float:
    """256 points of a standard normal distribution, evenly spread: Sobol's, in the cells' middle."""
    cube = qmc.Sobol(n, scramble=False).random(_SOME)
    points: Float = ndtri(cube + 0.5 / _SOME)
    points.flags.writeable = False
    return points
