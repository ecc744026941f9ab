r"""What kinks add to the curvature of an expected objective, estimated from the sample that the objective was maximised
on.

A log-density with ``slope`` sum_i |v_i|, v_i = a_i(u) . theta, has the second derivative 2 slope sum_i delta(v_i) a_i
a_i^T beside that off the kinks. A sample's Hessian does not contain it, the expected Hessian does. To the *negative*
Hessian it adds

    NCE          K = -2 slope sum_i {E_d[(1-h) delta(v_i) a_i a_i^T] - nu E_n[h delta(v_i) a_i a_i^T]}
    likelihood   K = -2 slope sum_i E_d[delta(v_i) a_i a_i^T]

Both are densities at v = 0, to be had by a kernel. A kernel alone is too coarse: h and perhaps p_d have a kink of their
own at v = 0, the two halves of NCE's K cancel wherever the model is right, and the least curvature of a wrong model is
a small difference. So a parametric pilot, in the three features of each r_i = |v_i|/mean_x|v_i| below, takes what it
can, and the kernel the rest.

    phi(r) = (r, sqrt(r^2 + 1), sqrt(r^2 + 9)):     the model's own kink, and two rounded ones with the same tails

NCE: the pilot is a logistic regression of data against noise that starts from the fitted one, ln pi/(1-pi) = ln h/(1-h)
+ b_0 + sum_i b_i . phi(r_i), so that (z - h) delta(v) = (pi - h) delta(v) + (z - pi) delta(v), z = 1 on the data, 0 on
the noise. In the first part nothing is noise: it is averaged over a narrow window, with h and pi as they are *at* v_i =
0, by a kernel that is unbiased to first order in |v|. The second has mean 0 as far as the pilot goes, and bears a wide
one. Likelihood: the pilot is a density of r_i, ln f = b_0 + b . phi(r), by Poisson regression of counts (Lindsey's
method), and the kernel averages a a^T f(0)/f(r) (Hjort and Glad, Annals of Statistics 23, 1995: a parametric start).

V, too, is more than at the maximiser: on the way from there to theta-hat, delta = a . (theta-hat - theta) far, kinks
are crossed, and each turns the gradient by 2 slope w a/n_data, w = n_data dJ/d ln p_m. Whether it is crossed is nearly
independent of the gradient itself, so the variances add: 4 slope^2 sum_i E[w^2 delta(v_i) a_i a_i^T |a_i . (theta-hat -
theta)|], with E|normal| = sqrt(2/pi) standard deviations. That is of relative size n_data^(-1/2), and the slow approach
to the limit of THEORY.md, 4.7.

Conventions
-----------
terms, points   n_terms kinks a point; arguments v and weights are (n_terms, n_points), the data before the noise
half-widths     ``NARROW``, ``WIDE`` and ``START`` times n_data^(-1/5) mean_x|v_i|, which tend to 0
beta            (n_features,)   both pilots are penalised by |beta|^2/2 in standardised features: they always exist, and the penalty
                counts as one point among all
"""  # noqa: E501

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.base import Kinks
from nce_ref.objectives.base import blocks
from nce_ref.special import log_sigmoid, sigmoid

NARROW, WIDE, START = 3.0, 12.0, 18.0
_BINS, _FARTHEST = 80, 8.0  # of the counts of r
# A gain at which Newton's method is deep in its own region: the next step leaves the square of it.
_SETTLING = 1e-8
SHAPES = 3  # features of one r


@dataclass(frozen=True, eq=False)
class KinkCurvature:
    """What the kinks of a sample do to the estimate.

    ``matrix``     K, (n_params, n_params)
    ``error``      the standard error of d^T K d for each column d of an array of directions, (n_params, k) -> (k,)
    ``crossings``  the covariance of theta-hat -> what the kinks crossed on the way to theta-hat add to V, both
                   (n_params, n_params)
    """

    matrix: Float
    error: Callable[[Float], Float]
    crossings: Callable[[Float], Float]


def classification_kinks(
    kinks: Kinks, log_odds: Float, n_data: int, n_params: int
) -> KinkCurvature:
    """Return K of NCE; ``log_odds`` is ln h/(1-h) at the points of both samples."""
    return curvature(kinks, _Classified(kinks, log_odds, n_data), n_data, n_params)


def density_kinks(kinks: Kinks, n_data: int, n_params: int) -> KinkCurvature:
    """Return K of the likelihood."""
    return curvature(kinks, _Counted(kinks, n_data), n_data, n_params)


class Pilot(Protocol):
    """What stands for the deltas, block by block of points; K is -2 slope/n_data times the weighted sum of a a^T."""

    def weights(self, block: slice) -> Float:
        """(n_terms, n_block)"""
        ...

    def slopes(self, block: slice) -> Float:
        """d weights / d beta, (n_terms, n_features, n_block)"""
        ...

    def influence(self, block: slice) -> Float:
        """By how much each unit (a point; a datum and its noise) has moved beta, (n_features, units of the block)"""
        ...

    def squares(self, block: slice) -> Float:
        """What stands for w^2 delta(v), w = n_data dJ/d ln p_m at a point, (n_terms, n_block)"""
        ...


class _Classified:
    """The logistic regression: beta = (b_0, b_1, .., b_n), three numbers for each term."""

    def __init__(self, kinks: Kinks, log_odds: Float, n_data: int) -> None:
        self.shapes = Shapes(kinks, slice(n_data))
        self.slope, self.log_odds = kinks.slope, log_odds
        self.narrow, self.wide = (factor * n_data**-0.2 for factor in (NARROW, WIDE))
        self.z = (np.arange(len(log_odds)) < n_data).astype(np.float64)
        self.beta, self.information = self._regression()

    def weights(self, block: slice) -> Float:
        """(pi - h) at v_i = 0 times the narrow kernel, and (z - pi) times the wide one."""
        h, pi, near, far = self._parts(block)
        return np.asarray((pi - h) * near + (self.z[block] - self._pi(block)) * far)

    def slopes(self, block: slice) -> Float:
        """Each term's weight sees its own features at r_i = 0 in the first part."""
        _, pi, near, far = self._parts(block)
        p, features = self._pi(block), self._features(block)
        first, second = pi * (1.0 - pi) * near, p * (1.0 - p) * far
        total = (first - second)[:, None, :] * features
        for i, shift in enumerate(self.shapes.to_zero(block)):
            total[i, 1 + SHAPES * i : 1 + SHAPES * (i + 1)] += first[i] * shift
        return np.asarray(total)

    def influence(self, block: slice) -> Float:
        """Newton's step for one point: information^-1 phi (z - pi)."""
        moved = self._features(block) * (self.z[block] - self._pi(block))
        return np.asarray(np.linalg.solve(self.information, moved), dtype=np.float64)

    def squares(self, block: slice) -> Float:
        """(z - h)^2, by the narrow window."""
        _, scale, r = self.shapes.parts(block)
        w = self.z[block] - sigmoid(self.log_odds[block])
        return np.asarray(w * w * epanechnikov(r / self.narrow) / (self.narrow * scale))

    def _parts(self, block: slice) -> tuple[Float, Float, Float, Float]:
        """h and pi as they are at v_i = 0, and the two kernels, each (n_terms, n_block)."""
        size, scale, r = self.shapes.parts(block)
        bare = self.log_odds[block] - self.slope * size
        by_term = self.beta[1:].reshape(len(r), 1, SHAPES)
        shift = (by_term @ self.shapes.to_zero(block))[:, 0]
        pi = sigmoid(bare + self.beta @ self._features(block) + shift)
        near = linear_in_size(r / self.narrow) / (self.narrow * scale)
        return sigmoid(bare), pi, near, epanechnikov(r / self.wide) / (self.wide * scale)

    def _features(self, block: slice) -> Float:
        shapes = self.shapes.of(block)
        return np.concatenate([np.ones((1, shapes.shape[2])), *shapes])

    def _pi(self, block: slice) -> Float:
        return sigmoid(self.log_odds[block] + self.beta @ self._features(block))

    def _regression(self) -> tuple[Float, Float]:
        """beta, and the penalised information there."""
        signs = 2.0 * self.z - 1.0
        n_features = 1 + SHAPES * self.shapes.n_terms
        penalty = np.diag([0.0] + [1.0] * (n_features - 1))

        def expand(beta: Float) -> tuple[float, Float, Float]:
            value, gradient, information = (
                -0.5 * float(beta @ penalty @ beta),
                -penalty @ beta,
                penalty.copy(),
            )
            for block in blocks(len(self.z)):
                features = self._features(block)
                t = self.log_odds[block] + beta @ features
                p = sigmoid(t)
                value += float(log_sigmoid(signs[block] * t).sum())
                gradient += features @ (signs[block] * sigmoid(-signs[block] * t))
                information += (features * (p * sigmoid(-t))) @ features.T
            return value, gradient, information

        return newton(expand, np.zeros(n_features))


class _Counted:
    """A density of each r_i by itself: beta has three numbers for each term, one after the other."""

    def __init__(self, kinks: Kinks, n_data: int) -> None:
        self.shapes = Shapes(kinks, slice(n_data))
        self.width, self.narrow = START * n_data**-0.2, NARROW * n_data**-0.2
        self.fits = [self._regression(i) for i in range(self.shapes.n_terms)]

    def weights(self, block: slice) -> Float:
        """f(0)/f(r_i) times the kernel."""
        _, scale, r = self.shapes.parts(block)
        to_zero = self.shapes.to_zero(block)
        log_ratio = np.stack([beta[1:] @ shift for (beta, _, _), shift in zip(self.fits, to_zero)])
        kernel = _fourth_order(r / self.width) / (self.width * scale)
        return np.asarray(kernel * np.exp(np.where(kernel == 0.0, 0.0, log_ratio)))

    def slopes(self, block: slice) -> Float:
        """The intercept leaves f(0)/f(r) alone."""
        weights, n_terms = self.weights(block), self.shapes.n_terms
        total = np.zeros((n_terms, n_terms * SHAPES, weights.shape[1]))
        for i, shift in enumerate(self.shapes.to_zero(block)):
            total[i, SHAPES * i : SHAPES * (i + 1)] = weights[i] * shift
        return total

    def influence(self, block: slice) -> Float:
        """Newton's step for one count, less that for the expected one."""
        rows, (_, _, r) = [], self.shapes.parts(block)
        for row, of, (_, information, expected) in zip(r, self.shapes.of(block), self.fits):
            count = np.concatenate([np.ones((1, of.shape[1])), of]) * (row < _FARTHEST)
            rows.append(np.linalg.solve(information, count - expected[:, None])[1:])
        return np.concatenate(rows)

    def squares(self, block: slice) -> Float:
        """w = 1, by the narrow window."""
        _, scale, r = self.shapes.parts(block)
        return np.asarray(epanechnikov(r / self.narrow) / (self.narrow * scale))

    def _regression(self, i: int) -> tuple[Float, Float, Float]:
        """(b_0, b), the penalised information, and the expected features of one point."""
        n_points, middle = (
            self.shapes.n_points,
            (np.arange(_BINS, dtype=np.float64) + 0.5) * (_FARTHEST / _BINS),
        )
        counts = np.zeros(_BINS)
        for block in blocks(n_points):
            row = self.shapes.parts(block)[2][i]
            counts += np.histogram(row, _BINS, (0.0, _FARTHEST))[0]
        features = np.concatenate(
            [np.ones((1, _BINS)), self.shapes.at(i, np.asarray(middle, dtype=np.float64))]
        )
        penalty = np.diag([0.0] + [1.0] * SHAPES)

        def expand(beta: Float) -> tuple[float, Float, Float]:
            log_mean = beta @ features
            mean = np.exp(np.minimum(log_mean, 700.0))
            value = float(counts @ log_mean - mean.sum() - 0.5 * beta @ penalty @ beta)
            gradient = features @ (counts - mean) - penalty @ beta
            return value, gradient, (features * mean) @ features.T + penalty

        start = np.append(np.log(max(counts.sum(), 1.0) / _BINS), np.zeros(SHAPES))
        beta, information = newton(expand, start)
        return beta, information, features @ np.exp(beta @ features) / n_points


class Shapes:
    """The features phi(r_i), standardised over the data, (n_terms, 3, n_block); ``data`` says which points those
    are."""

    def __init__(self, kinks: Kinks, data: slice) -> None:
        self.arguments = kinks.arguments
        self.n_terms, self.n_points = kinks.arguments.shape
        self.scale = np.abs(kinks.arguments[:, data]).mean(axis=1)[:, None]
        if not (self.scale > 0.0).all():
            raise ValueError(
                "fit: all data lie on one kink of the model; expected data that determine theta"
            )
        of_data = _phi(np.abs(kinks.arguments[:, data]) / self.scale)
        self.centre, spread = of_data.mean(axis=2), of_data.std(axis=2)
        self.spread = np.where(spread > 0.0, spread, 1.0)

    def parts(self, block: slice) -> tuple[Float, Float, Float]:
        """|v|, mean|v|, and r = |v|/mean|v|."""
        size = np.abs(self.arguments[:, block])
        return size, self.scale, size / self.scale

    def at(self, i: int, r: Float) -> Float:
        """The features of term i at other r, (3, len(r))."""
        return np.asarray((_phi(r) - self.centre[i][:, None]) / self.spread[i][:, None])

    def of(self, block: slice) -> Float:
        """The features of a block of points."""
        return np.stack([self.at(i, r) for i, r in enumerate(self.parts(block)[2])])

    def to_zero(self, block: slice) -> Float:
        """phi(0) - phi(r_i), in the same units."""
        return np.stack([self.at(i, np.zeros(1)) for i in range(self.n_terms)]) - self.of(block)


def curvature(
    kinks: Kinks, pilot: Pilot, n_data: int, n_params: int, per_unit: int = 1
) -> KinkCurvature:
    """Return K by a pilot; runs of ``per_unit`` points are independent of each other."""
    factor = -2.0 * kinks.slope / n_data
    n_points = kinks.arguments.shape[1]

    def vectors(weights: Float, block: slice) -> tuple[Float, Any]:
        """The vectors a where the weights are not 0, and where that is."""
        terms, points = np.nonzero(weights)
        return kinks.directions(terms, points + block.start), (terms, points)

    matrix = np.zeros((n_params, n_params))
    for block in unit_blocks(n_points, per_unit):
        weights = pilot.weights(block)
        a, places = vectors(weights, block)
        matrix += (a * weights[places][:, None]).T @ a

    def error(directions: Float) -> Float:
        """The root of sum_t (f_t + G . beta_t)^2: f_t the unit's own part, G d(d^T K d)/d beta, beta_t its share in
        beta."""
        k = directions.shape[1]
        own, squares = np.zeros(k), np.zeros(k)
        cross, gram, slope = np.zeros((k, 1)), np.zeros((1, 1)), np.zeros((k, 1))
        for block in unit_blocks(n_points, per_unit):
            weights = pilot.weights(block)
            a, places = vectors(weights, block)
            forms = np.zeros((*weights.shape, k))
            forms[places] = (a @ directions) ** 2
            f = np.einsum("it,itk->tk", weights, forms)
            f, moved = f.reshape(-1, per_unit, k).sum(axis=1), pilot.influence(block)
            own, squares = own + f.sum(axis=0), squares + (f * f).sum(axis=0)
            slope = slope + np.einsum("ift,itk->kf", pilot.slopes(block), forms, optimize=True)
            cross, gram = cross + f.T @ moved.T, gram + moved @ moved.T
        variance = squares - own**2 * (per_unit / n_points) + 2.0 * (slope * cross).sum(axis=1)
        variance += np.einsum("kf,fg,kg->k", slope, gram, slope)
        return np.abs(factor) * np.sqrt(np.maximum(variance, 0.0))

    def crossings(covariance: Float) -> Float:
        total = np.zeros((n_params, n_params))
        for block in unit_blocks(n_points, per_unit):
            weights = pilot.squares(block)
            a, places = vectors(weights, block)
            way = np.sqrt(
                np.maximum(np.einsum("kp,pq,kq->k", a, covariance, a, optimize=True), 0.0)
            )
            total += (a * (weights[places] * way)[:, None]).T @ a
        return 4.0 * kinks.slope**2 * np.sqrt(2.0 / np.pi) / n_data * total

    return KinkCurvature(factor * matrix, error, crossings)


def unit_blocks(n_points: int, per_unit: int) -> Iterator[slice]:
    """``blocks`` that hold units of so many points whole."""
    n_units = n_points // per_unit
    count = min(n_units, sum(1 for _ in blocks(n_points)))
    edges = [b * n_units // count * per_unit for b in range(count + 1)]
    return (slice(start, stop) for start, stop in itertools.pairwise(edges))


def newton(
    expand: Callable[[Float], tuple[float, Float, Float]], beta: Float
) -> tuple[Float, Float]:
    """The maximum of a strictly concave function, given as (value, gradient, negative Hessian), and the last there."""
    value, gradient, information = expand(beta)
    for _ in range(100):
        step = np.linalg.solve(information, gradient)
        gain = float(gradient @ step)  # twice what is left to be gained, in units of ln likelihood
        if not gain > _SETTLING:
            # Values no longer tell such a gain from rounding, steps do: two more, each squaring what is left, and
            # nothing hangs on rounding.
            for _ in range(2):
                beta = beta + np.linalg.solve(information, gradient)
                _, gradient, information = expand(beta)
            break
        for _ in range(40):
            new = expand(beta + step)
            if new[0] > value:
                break
            step = 0.5 * step
        else:
            break
        beta, (value, gradient, information) = beta + step, new
    return beta, information


def _phi(r: Float) -> Float:
    """(.., 3, n): the features along the axis before the last."""
    return np.stack([r, np.hypot(r, 1.0), np.hypot(r, 3.0)], axis=-2)


def linear_in_size(r: Float) -> Float:
    """2 - 3r up to r = 1: mass 1 over both sides, int r k = 0, so that a kink at 0 does not bias it."""
    return np.where(r < 1.0, 2.0 - 3.0 * r, 0.0)


def epanechnikov(r: Float) -> Float:
    """3/4 (1 - r^2)."""
    return 0.75 * np.maximum(0.0, 1.0 - r * r)


def _fourth_order(r: Float) -> Float:
    """15/32 (1 - r^2)(3 - 7 r^2): mass 1, int r^2 k = 0, so that a a^T may vary with v^2, as it does where v is part of
    a."""
    return np.where(r < 1.0, 0.46875 * (1.0 - r * r) * (3.0 - 7.0 * r * r), 0.0)
