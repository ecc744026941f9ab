r"""What is cheap to see of a problem before and after a fit: inputs that are wrong, or not what they are taken for.

A certificate speaks of the objective. That its pullback belongs to its log-density, that y was drawn from the noise,
that x is not y: nothing in a maximum shows it. These checks look at some hundred points, draw nothing, and find what is
grossly wrong, when ``Fit.warnings`` is first read; ``nr.check_model`` and ``nr.check_noise`` look closely. A right
problem gets a word less than once in 10^6 a check.

    pullback       sum w_t Delta_t against (h g . v), w_t = +-(1 ... 2) with the sign of Delta_t = ln p_m(theta + h v) -
                   ln p_m(theta - h v)
    y of p_n       the score test of ``noise/same_law.py`` on y, held against quasi-random points of a wider normal
                   distribution; features 1, tanh s_i, tanh^2 s_i: bounded, whatever the tails
    overlap        I_cc (1 + nu)/nu, I_cc = (1/n_data) sum h(1 - h): 1 where noise and data are alike, 0 where the
                   samples separate
    centred data   mean tanh s_i of data in their own units, for a model with ln p_m(u) = ln p_m(-u)

**Power.** Of y from a normal noise, 256 points looked at, 300 samples a case: always seen are a spread twice or half of
what is evaluated (n = 1, 2, 4, 10), a mean off by a deviation and a constant of 0.7 in ln p_n (n up to 4), one
coordinate three times as wide and a constant of 1 (n up to 10). A spread off by half is seen in 4, 73, 100, 100 of 100;
one coordinate twice as wide in 99 for n = 2, 84 for n = 4, 7 for n = 10; a mean off by half a deviation never.

Conventions
-----------
x, y   (n_data, n_dim), (n_noise, n_dim)   points are rows; evenly spaced ones are looked at
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtrs
from scipy.special import chdtri, ndtri
from scipy.stats import qmc

from nce_ref._checks import Float
from nce_ref.noise import Noise
from nce_ref.noise.same_law import score
from nce_ref.objectives.counts import states_at
from nce_ref.objectives.nce import NCEObjective
from nce_ref.special import sigmoid

LEVEL = 1e-6
_SOME, _FEW, _FIRST = 256, 64, 16
_SMALLEST = 60  # below this many points of a sample a law is not asked for
_FACTOR, _STEPS = 0.05, (1e-5, 1e-6, 1e-7)
_OVERLAP = 0.05
_ORDERS = 1e3
_EVEN = 1e-9
_FLAT = 1.5  # of ln p_n over the noise's points: a normal distribution's varies by 2 on 60 points of one coordinate
_EDGE = 0.1  # share of the data that may lie beyond the outermost of some hundred noise points
_QUARTILES = 1.3489795003921634  # the distance of a standard normal's


@dataclass(frozen=True)
class Look:
    """What is looked at: up to 256 evenly spaced points of each sample, with ln p_n there, and up to 16 first ones of
    each.

    Of the sample that counts stand for, where there are any.
    """

    points: Float
    log_noise: Float
    of_x: int
    of_y: int

    @classmethod
    def at(cls, objective: NCEObjective) -> Look:
        """Take them from the objective, which has ln p_n already."""
        rows, of_x, of_y = _rows(objective.n_data, objective.n_noise)
        if objective.counts is not None:
            rows = states_at(objective.counts, rows)
        points, log_noise = objective.points(rows)
        return cls(points, log_noise, of_x, of_y)

    @property
    def x(self) -> Float:
        """Evenly spaced data."""
        return self.points[: self.of_x]

    @property
    def y(self) -> Float:
        """Evenly spaced noise points."""
        return self.points[self.of_x : self.of_x + self.of_y]

    @property
    def first(self) -> tuple[Float, Float]:
        """The first data and noise points, as many of each."""
        rest = self.points[self.of_x + self.of_y :]
        return rest[: len(rest) // 2], rest[len(rest) // 2 :]


@functools.lru_cache(maxsize=64)
def _rows(n_data: int, n_noise: int) -> tuple[NDArray[np.intp], int, int]:
    """The places in the joined sample, the first ones of each at the end; how many are of x and of y."""
    of_x = np.arange(0, n_data, -(-n_data // _SOME))
    of_y = np.arange(0, n_noise, -(-n_noise // _SOME))
    first = min(n_data, n_noise, _FIRST)
    rows = np.concatenate([of_x, n_data + of_y, np.arange(first), n_data + np.arange(first)])
    return rows, len(of_x), len(of_y)


def looked_at(
    objective: NCEObjective, noise: Noise, start: Float
) -> Callable[[Float, bool], tuple[str, ...]]:
    """Return (theta, ended) -> all words on the problem, its start and, where the climb ended there, on theta.

    Samples that the objective reads where they lie may be gone or changed by then: the points of those are taken now.
    """
    return partial(
        _words, objective, noise, start, None if objective.owns_points else Look.at(objective)
    )


def _words(
    objective: NCEObjective,
    noise: Noise,
    start: Float,
    look: Look | None,
    theta: Float,
    ended: bool,
) -> tuple[str, ...]:
    look = look or Look.at(objective)
    found = words_before(objective, noise, start, look)
    return found + words_after(objective, theta, look) if ended else found


def words_before(
    objective: NCEObjective, noise: Noise, start: Float, look: Look | None = None
) -> tuple[str, ...]:
    """What is seen of the samples, the noise and the model at the start."""
    look = look or Look.at(objective)
    x, y = look.x, look.y
    found: list[str] = []
    with np.errstate(all="ignore"):
        for check in (
            _same_points(objective, look),
            _few_values(x, y),
            _units(x),
            _pullback(objective, start, x[:_FEW]),
            _off_centre(objective, start, x),
            _other_law(noise, x, y, look.log_noise[look.of_x : look.of_x + look.of_y]),
        ):
            try:
                found += check
            # Of a model or a noise that a stranger wrote, at a theta or points of ours.
            except Exception as error:
                found.append(
                    f"a check of the inputs came to no end, {type(error).__name__}: {error} (log-densities "
                    "are asked near the start and beside the points of y; where there is no mass they are "
                    "expected to be -inf)"
                )
    return tuple(found)


def words_after(objective: NCEObjective, theta: Float, look: Look | None = None) -> tuple[str, ...]:
    """What is seen of the fit: whether data and noise overlap."""
    look = look or Look.at(objective)
    n = look.of_x + look.of_y
    with np.errstate(all="ignore"):
        log_ratio = (
            objective.model.evaluate(theta, look.points[:n]).log_density - look.log_noise[:n]
        )
        h = sigmoid(log_ratio - math.log(objective.nu))
    bends = h * (1.0 - h)
    of_y = objective.n_noise / objective.n_data * float(bends[look.of_x :].mean())
    information = float(bends[: look.of_x].mean()) + of_y
    share = information * (1.0 + objective.nu) / objective.nu
    if not share < _OVERLAP:
        return ()
    return (
        (
            f"data and noise hardly overlap: I_cc (1 + nu)/nu is {share:.2g}, where 1 is noise like"
            " the data and 0 samples that separate; the estimate rests on few points, take a noise"
            " nearer to the data"
        ),
    )


def _same_points(objective: NCEObjective, look: Look) -> Iterator[str]:
    of_x, of_y = objective.counts_x, objective.counts_y
    if of_x is not None and of_y is not None:
        # Distinct states may well be the same: not their counts, too.
        same = np.array_equal(of_x, of_y) and np.array_equal(objective.x, objective.y)
        same = same and len(of_x) > 1
    else:
        x, y = look.first
        same = len(x) > 1 and bool((x == y).all()) and len(np.unique(x, axis=0)) > len(x) // 2
    if same:
        yield "x and y are the same points: expected y drawn from the noise, afresh"


def _few_values(x: Float, y: Float) -> Iterator[str]:
    if min(len(x), len(y)) < _SMALLEST:
        return
    n_x, n_y = _distinct(x[:_FEW]), _distinct(y[:_FEW])
    of_x, of_y = len(x[:_FEW]), len(y[:_FEW])
    for i in range(x.shape[1]):
        if 2 * n_x[i] < of_x and n_y[i] == of_y:
            yield (
                f"coordinate {i} of x takes few values ({n_x[i]} among {of_x} points), that of y"
                " none twice: discrete data need a noise that is a probability mass function on"
                " the same values, e.g. BernoulliNoise"
            )
            break
    for i in range(x.shape[1]):
        if 2 * n_y[i] < of_y and n_x[i] == of_x:
            yield (
                f"coordinate {i} of y takes few values ({n_y[i]} among {of_y} points), that of x"
                " none twice: a probability mass function cannot be the noise of data with a"
                " density"
            )
            break


def _distinct(points: Float) -> list[int]:
    """How many values each coordinate takes."""
    ordered = np.sort(points.T, axis=1)
    changes: list[int] = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1).tolist()
    return [1 + k for k in changes]


def _units(x: Float) -> Iterator[str]:
    size = np.ptp(x, axis=0)
    if len(x) > 1 and size.min() > 0.0 and size.max() > _ORDERS * size.min():
        yield (
            f"the coordinates of x differ in size by {size.max() / size.min():.2g}: choose units in"
            " which they are alike, so that starts and tolerances mean the same along each"
        )


def _pullback(objective: NCEObjective, theta: Float, points: Float) -> Iterator[str]:
    """One directional difference; a wrong one at three step lengths is no kink that a step happens to cross."""
    model = objective.model
    once = model.evaluate(theta, points)
    direction = _direction(theta)
    before, ramp = once.log_density, 1.0 + np.arange(len(points)) / len(points)
    scale = 1e-13 * float(np.abs(before).sum())
    worst = math.inf
    for step in _STEPS:
        up = model.evaluate(theta + step * direction, points).log_density
        # Forwards alone: what the curvature adds is a step's part, far below the twentieth that is asked for.
        difference = (up - before) / step
        weights = np.copysign(ramp, difference)
        size = float(weights @ difference)
        if not (math.isfinite(size) and size > 100.0 * scale / step):
            return
        slope = float(once.pullback(weights) @ direction)
        worst = min(worst, abs(slope - size) / size)
        if worst <= _FACTOR:
            return
    yield (
        f"the model's derivative is {slope / size:.4g} times what differences of its log-density"
        " give, along one direction at the start: look at nr.check_model(model, theta, u)"
    )


def _direction(theta: Float) -> Float:
    """A direction with a part along every parameter, in theta's own size."""
    return np.asarray(np.cos(1.0 + np.arange(len(theta))) * np.maximum(np.abs(theta), 0.1))


def _off_centre(objective: NCEObjective, theta: Float, x: Float) -> Iterator[str]:
    if len(x) < _SMALLEST:
        return
    ones = np.ones(len(x)) / len(x)
    deviation = np.sqrt(ones @ (x * x))
    t = np.tanh(x / np.where(deviation > 0.0, deviation, 1.0))
    mean = ones @ t
    spread = np.sqrt(np.maximum(ones @ (t * t) - mean * mean, 1e-300))
    z = np.abs(mean) / spread * math.sqrt(len(t))
    worst = int(np.argmax(z))
    if z[worst] > _one_of(len(z)) and _is_even(objective, theta, x[:16]):
        yield (
            f"the model is even, ln p_m(u) = ln p_m(-u), and coordinate {worst} of the data lies to"
            f" one side of 0 (z = {z[worst]:.3g}): subtract the mean, from x and from the noise"
        )


def _is_even(objective: NCEObjective, theta: Float, few: Float) -> bool:
    """At some other theta: one with a mean of 0 may be even by chance."""
    there = objective.model.evaluate(
        theta + _direction(theta), np.concatenate([few, -few])
    ).log_density
    one, other = there[: len(few)], there[len(few) :]
    return bool((np.abs(one - other) <= _EVEN * (1.0 + np.abs(one))).all())


@functools.lru_cache(maxsize=64)
def _one_of(n: int) -> float:
    """What the largest of n standard normal sizes exceeds at the level, at most."""
    return float(-ndtri(LEVEL / (2.0 * n)))


def _other_law(noise: Noise, x: Float, y: Float, log_noise: Float | None = None) -> Iterator[str]:
    """``log_noise``: ln p_n on y where it is known."""
    n = y.shape[1]
    if len(y) < max(_SMALLEST, 20 * n + 10):
        return
    ordered = np.sort(y.T, axis=1)
    if (np.count_nonzero(ordered[:, 1:] == ordered[:, :-1], axis=1) > 0.5 * len(y)).any():
        return  # discrete: see check_noise
    low, middle, high = (ordered[:, len(y) * k // 4] for k in (1, 2, 3))
    deviation = (high - low) / _QUARTILES
    if not deviation.min() > 0.0:
        return
    reach = 5.0 * deviation
    tamed = np.minimum(np.maximum(y, middle - reach), middle + reach)
    mean = np.ones(len(y)) @ tamed / len(y)
    tamed -= mean
    factor, failed = dpotrf(tamed.T @ tamed / (len(y) - 1.0), lower=1)
    if failed:
        return
    base, wide, features, r_z = _reference_points(n)
    z = base @ np.tril(factor).T + mean
    s_y = dtrtrs(factor, (y - mean).T, lower=1)[0].T
    # ln r without the ln det of the factor, which moves both log-ratios; it stands in q below.
    log_det = float(np.log(factor.diagonal()).sum())
    r_y = -0.5 / wide**2 * np.einsum("ti,ti->t", s_y, s_y) + _log_constant(n, wide)
    q_y = np.asarray(noise.log_density(y)) if log_noise is None else log_noise
    q_z = np.asarray(noise.log_density(z))
    log_ratio_y, of_y = q_y + log_det - r_y, _features(s_y)

    def differs(q: Float) -> bool:
        return _differs(log_ratio_y, of_y, q + log_det - r_z, features)

    q_z = np.where(np.isnan(q_z), -np.inf, q_z)
    # The second sample is more even than a random one, so that its covariance counted as of one errs to the safe side.
    # The normal distribution was fitted to the same y: a generous margin for that, and for the central limit theorem at
    # 256 points.
    if not differs(q_z):
        return
    # A flat density of bounded or periodic points may be right where they are and not fall to 0 beyond: J does not look
    # there. One that falls towards the outermost points, as all those of unbounded ones do, has no such excuse.
    low, high = ordered[:, 0], ordered[:, -1]
    covered = np.ptp(q_y) <= _FLAT and ((x >= low) & (x <= high)).all(axis=1).mean() > 1.0 - _EDGE
    if covered:
        inside = ((z >= low) & (z <= high)).all(axis=1)
        if not differs(np.where(inside, q_z, -np.inf)):
            return
    yield (
        "y does not look drawn from the noise that is evaluated (its points, its mean, its spread"
        " or its constant): look at nr.check_noise(noise, rng)"
    )


def _differs(log_ratio_y: Float, f_y: Float, log_ratio_z: Float, f_z: Float) -> bool:
    """Whether the score is no chance, at the level of the module.

    Where too few points weigh in for a central limit theorem, f = 1 alone is left: mean_y (1 - h) and mean_z h are
    small together if ln q is right, and the chance that two means of terms in [0, 1] are t apart is below
    2 e^{-2 t^2/(1/n_y + 1/n_z)} (Hoeffding). y twice as wide in ten dimensions is seen by that only: there h is 0 on
    both.
    """
    found = score(log_ratio_y, f_y, log_ratio_z, f_z, 0.5 * _SMALLEST)
    if found is not None:
        return found.statistic > 2.0 * _threshold(found.rank)
    gap = float(sigmoid(-log_ratio_y).mean() - sigmoid(log_ratio_z).mean())
    rate = 2.0 / (1.0 / len(log_ratio_y) + 1.0 / len(log_ratio_z))
    return rate * gap * gap > 2.0 * math.log(2.0 / LEVEL)


def _features(s: Float) -> Float:
    n = s.shape[1]
    f = np.empty((len(s), 2 * n + 1))
    f[:, 0] = 1.0
    t = np.tanh(s, out=f[:, 1 : n + 1])
    np.multiply(t, t, out=f[:, n + 1 :])
    return f


@functools.lru_cache(maxsize=64)
def _threshold(rank: int) -> float:
    return float(chdtri(rank, LEVEL))


def _log_constant(n: int, wide: float) -> float:
    return -n * math.log(wide) - 0.5 * n * math.log(2.0 * math.pi)


@functools.lru_cache(maxsize=16)
def _reference_points(n: int) -> tuple[Float, float, Float, Float]:
    """(points, wide, features, ln r) of 256 evenly spread points of a normal distribution ``wide`` times the standard
    one: Sobol's, in the cells' middle."""
    wide = 1.0 + 0.5 * min(1.0, 3.0 / n) ** 0.5
    base = ndtri(qmc.Sobol(n, scramble=False).random(_SOME) + 0.5 / _SOME)
    found = wide * base, _features(wide * base), -0.5 * (base * base).sum(axis=1)
    found[2][:] += _log_constant(n, wide)
    for array in found:
        array.flags.writeable = False
    return found[0], wide, found[1], found[2]
