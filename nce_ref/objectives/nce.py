r"""The noise-contrastive objective: logistic regression of data against noise in which the log-ratio is the model.

    J(theta) = (1/n_data) [ sum_x ln sigma(G_x - ln nu) + sum_y ln sigma(ln nu - G_y) ],   G = ln p_m - ln p_n

maximised (J12; P10 eq. 8 has nu = 1 and half of it). With h = sigma(G - ln nu):

    dJ/dG_x = (1 - h_x)/n_data,    dJ/dG_y = -h_y/n_data,    d^2J/dG^2 = -h(1 - h)/n_data on both samples

Conventions
-----------
x, y        (n_data, n_dim), (n_noise, n_dim)   nu = n_noise/n_data unless it is given
log_ratio   (n_points,)                          G
ln nu       is *subtracted* from G. Forgetting it, averaging the noise term instead of summing it, or adding it moves
            only c: see THEORY.md, *One formula for a whole family of mistakes*
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._argument_order import model_first
from nce_ref._checks import Float, as_count, as_points_in_place, as_vector
from nce_ref.models.base import Model, Pass
from nce_ref.models.from_functions import as_model
from nce_ref.noise import Noise, refuse_uncovered, refuse_unfit_noise
from nce_ref.objectives.base import ACTIVE, Expansion, blocks, spacing, split_kinks
from nce_ref.objectives.coarse_terms import coarse_terms_of
from nce_ref.objectives.counts import as_counts, every, joined, repeated, seen, total
from nce_ref.objectives.log_ratios import ratio, value_and_slopes
from nce_ref.objectives.nce_terms import Sample, bends, nce_coarse_terms, nce_point_terms
from nce_ref.objectives.point_terms import point_terms_of
from nce_ref.objectives.points import Points
from nce_ref.objectives.threads import in_order


def nce_objective(
    model: Model,
    theta: ArrayLike,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    nu: float | None = None,
) -> tuple[float, Float]:
    """Evaluate J of ``nce_from_log_ratios`` and its gradient by theta for a model, in one call.

    Parameters
    ----------
    model : Model
    theta : (n_params,)
        c included, as the last entry.
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``.
    nu : float above 0, optional
        n_noise/n_data unless given.

    Returns
    -------
    value : float
        J, to be maximised.
    gradient : (n_params,)
        dJ/dtheta; at a kink of |b_i . u| that term's derivative is 0.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf.

    Notes
    -----
    Source: P10, equation (8); J12, equation (8). To evaluate at many theta build one ``NCEObjective``, which keeps ln
    p_n. The order (theta, model, ...) of version 0.1 works until 0.3, with a DeprecationWarning.

    Examples
    --------
    >>> import nce_ref as nr
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[1.0]])
    >>> theta = [1.0, -0.9189385332046727]  # N(0, 1): p_m = p_n
    >>> value, gradient = nr.nce_objective(model, theta, noise, x=[[1.0], [-1.0]], y=[[0.5], [2.0]])
    >>> round(value, 6), gradient.round(4)
    (-1.386294, array([0.2812, 0.    ]))
    """
    model, theta = model_first(model, theta, "nce_objective(model, theta, noise, x, y)")
    return NCEObjective(model, noise, x, y, nu)(theta)


class NCEObjective:
    """The NCE objective J as a function of theta for fixed samples; ln p_n of both is computed once, and held: 8 bytes
    a point.

    ``objective(theta)`` returns (J, dJ/dtheta), ``objective.second_order(theta)`` the Hessian as well.

    Parameters
    ----------
    model : Model
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``.
    nu : float above 0, optional
        n_noise/n_data unless given.
    threads : int, optional
        Share the blocks of value, gradient and Hessian; their number leaves no trace in the results, not in the last
        bit. They serve from some 100 000 points on and on idle cores: with fewer, handing the interpreter to each other
        takes what they bring.

    counts_x, counts_y : (n_data,), (n_noise,), optional
        How often each row was seen, whole numbers: rows are then distinct states, and ``n_data`` and ``n_noise`` the
        sums of the counts.

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf, and for counts that count
        nothing.

    Notes
    -----
    Source: P10, equation (8); J12, equation (8). Evaluated block by block: besides the samples a call needs a few MB,
    however many points there are. Samples above 64 MiB together (``numpy.memmap`` among them, in float64 or not) are
    read where they lie, at every call, and must not change meanwhile. ``expand`` takes all points at once, in memory in
    proportion to them.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    >>> objective = nr.NCEObjective(model, noise, rng.standard_normal((200, 1)), noise.sample(1000, rng))
    >>> objective.nu, nr.check_gradient(objective, [1.0, -0.9]).ok
    (5.0, True)
    """

    def __init__(
        self,
        model: Model,
        noise: Noise,
        x: ArrayLike,
        y: ArrayLike,
        nu: float | None = None,
        threads: int = 1,
        counts_x: ArrayLike | None = None,
        counts_y: ArrayLike | None = None,
    ) -> None:
        model = as_model(model, "noise-contrastive estimation")
        x, y = as_points_in_place("x", x, model.n_dim), as_points_in_place("y", y, model.n_dim)
        self.model = model
        x, of_x = seen(x, as_counts("counts_x", counts_x, len(x)))
        y, of_y = seen(y, as_counts("counts_y", counts_y, len(y)))
        self.n_data, self.n_noise = total(of_x, len(x)), total(of_y, len(y))
        # The first so many rows are data; counts are those of all rows.
        self._of_data = len(x)
        self.counts = joined(of_x, len(x), of_y, len(y))
        self.nu = ratio(nu, self.n_data, self.n_noise)
        self.threads = as_count("threads", threads)
        # One run of points for both samples: one pass instead of two, which is what counts up to 1000 points.
        self._points = Points(x, y)
        refuse_unfit_noise(noise, model.n_dim)
        self._log_noise: Float = np.empty(len(self._points))
        for block in blocks(len(self._points)):
            points = self._points[block]
            log_noise = noise.log_density(points)
            refuse_uncovered(noise, points, log_noise)
            self._log_noise[block] = as_vector("noise.log_density", log_noise, len(points))
        check = getattr(model, "check_sample", None)
        if check is not None:
            check(self._points[block] for block in blocks(len(self._points)))

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self.model.n_params

    @property
    def x(self) -> Float:
        """A copy of the data, of distinct states where these are counted; inside, the points lie coordinate by
        coordinate."""
        return self._points.copy(slice(0, self._of_data))

    @property
    def y(self) -> Float:
        """A copy of the noise sample."""
        return self._points.copy(slice(self._of_data, None))

    @property
    def counts_x(self) -> Float | None:
        """How often each row of x was seen; None where neither sample is counted."""
        return None if self.counts is None else self.counts[: self._of_data]

    @property
    def counts_y(self) -> Float | None:
        """How often each row of y was seen."""
        return None if self.counts is None else self.counts[self._of_data :]

    def points(self, rows: NDArray[np.intp]) -> tuple[Float, Float]:
        """Points with these indices, the data first, one a row, and ln p_n there; not to be written to."""
        return self._points.take(rows).whole(), self._log_noise[rows]

    def __call__(self, theta: ArrayLike) -> tuple[float, Float]:
        """Return ``(J, dJ/dtheta)``; at a kink of |b_i . u| that term's derivative is 0."""
        theta = as_vector("theta", theta, self.n_params)

        def part(block: slice) -> tuple[float, Float]:
            once, value, slopes = self._evaluate(theta, block)
            return value, once.pullback(self._weighed(slopes, block))

        value, gradient = self._summed(part)
        return value, gradient / self.n_data

    def second_order(self, theta: Float) -> tuple[float, Float, Float]:
        """Return ``(J, gradient, Hessian)``; the Hessian is exact off the kinks."""

        def part(block: slice) -> tuple[float, Float, Float]:
            once, value, slopes = self._evaluate(theta, block)
            bend = self._weighed(bends(slopes), block)
            slopes = self._weighed(slopes, block)
            return value, once.pullback(slopes), once.curvature(slopes, bend)

        value, gradient, hessian = self._summed(part)
        return value, gradient / self.n_data, hessian / self.n_data

    def in_units(self, scale: Float, inverse: Float) -> NCEObjective:
        """The objective of the points z, u = scale z, a function of ``model.rescaled(theta, scale)``: the same
        values."""
        other = copy.copy(self)
        other._points = self._points.moved(inverse)
        other._log_noise = self._log_noise + float(np.linalg.slogdet(scale)[1])
        return other

    def smoothed(self, epsilon: float) -> NCEObjective:
        """The objective of ``model.smoothed(epsilon)`` on the same samples, sharing ln p_n."""
        other = copy.copy(self)
        other.model = self.model.smoothed(epsilon)
        return other

    def subset(self, data: NDArray[np.intp], noise: NDArray[np.intp]) -> NCEObjective:
        """The objective of the points with these indices, at the same nu, sharing ln p_n: a minibatch, per *its* data
        sample."""
        other, rows = copy.copy(self), np.concatenate([data, self._of_data + noise])
        other._points, other._log_noise = self._points.take(rows), self._log_noise[rows]
        other.counts = None if self.counts is None else self.counts[rows]
        other._of_data = len(data)
        other.n_data, other.n_noise = (
            total(other.counts_x, len(data)),
            total(other.counts_y, len(noise)),
        )
        return other

    def thinned(self, n_points: int) -> NCEObjective:
        """The objective of every k-th point of both samples, at the same nu; see ``Objective``."""
        step = spacing(n_points, self.n_data, self.n_noise)
        if step == 1:
            return self
        of_x, of_y = self.counts_x, self.counts_y
        if of_x is None or of_y is None:
            return self.subset(np.arange(0, self.n_data, step), np.arange(0, self.n_noise, step))
        (data, of_x), (noise, of_y) = every(step, of_x), every(step, of_y)
        other = self.subset(data, noise)
        other.counts = np.concatenate([of_x, of_y])
        other.n_data, other.n_noise = total(of_x, len(data)), total(of_y, len(noise))
        return other

    def kinks(self, theta: ArrayLike) -> Float:
        """All signed arguments of the model's kinks as one vector: b_i . x_t and b_i . y_t, or pre-activations of ReLU
        units."""
        return self.model.kinks(theta, self._points.whole()).arguments.ravel()

    def expand(self, theta: Float, width: float = ACTIVE) -> Expansion:
        """Return the expansion at theta: kinks of the data bend J downwards, kinks of the noise upwards."""
        once, value, slopes = self._evaluate(theta, slice(None))
        sample = self._sample()
        derivative = sample.weighed(slopes) / self.n_data
        without_near, without_active, kinks = split_kinks(once, derivative, self._of_data, width)
        hessian = without_active.curvature(derivative, sample.weighed(bends(slopes)) / self.n_data)
        gradient = without_near.pullback(derivative)
        return Expansion(
            value,
            gradient,
            hessian,
            -hessian,
            kinks,
            self.model.affine_between_kinks,
            once.steepness(),
            point_terms_of(
                once,
                self.model,
                lambda affine, accurate: nce_point_terms(
                    sample, affine, accurate, theta, slopes, width
                ),
            ),
            coarse=coarse_terms_of(
                once,
                self.model,
                lambda affine: nce_coarse_terms(sample, affine, gradient, slopes, kinks),
            ),
        )

    def _sample(self) -> Sample:
        return Sample(self._log_noise, self._of_data, self.n_data, self.nu, self.counts)

    @property
    def states(self) -> slice:
        """The rows of ``whole_pass`` that are data; the others are noise."""
        return slice(0, self._of_data)

    def weighed(self, values: Float) -> Float:
        """One number a row of ``whole_pass``, times the row's count."""
        return values if self.counts is None else values * self.counts

    def repeated(self) -> NCEObjective:
        """The objective of the sample that the counts stand for."""
        if self.counts is None:
            return self
        rows = repeated(np.arange(len(self.counts)), self.counts)
        other = self.subset(rows[: self.n_data], rows[self.n_data :] - self._of_data)
        other.counts, other.n_data, other.n_noise = None, self.n_data, self.n_noise
        return other

    def whole_pass(self, theta: Float) -> tuple[Pass, Float]:
        """Return the pass over all points, the data first, and ln h/(1 - h) = G - ln nu there; in memory in proportion
        to them."""
        once = self.model.evaluate(theta, self._points.whole())
        return once, once.log_density - self._log_noise - math.log(self.nu)

    def _summed(self, part: Callable[[slice], tuple[Any, ...]]) -> list[Any]:
        """Each number and array of ``part(block)``, summed over the blocks in their order."""
        parts = in_order(part, blocks(len(self._points)), self.threads)
        totals = list(next(parts))
        for more in parts:
            for k, term in enumerate(more):
                totals[k] += term
        return totals

    def _evaluate(self, theta: Float, block: slice) -> tuple[Pass, float, Float]:
        """The pass over a block of points, its part of J, and n_data dJ/dG of one point each: 1 - h on the data, -h on
        the noise."""
        once = self.model.evaluate(theta, self._points[block])
        of_data = max(0, self._of_data - (block.start or 0))
        counts = None if self.counts is None else self.counts[block]
        value, slopes = value_and_slopes(
            once.log_density - self._log_noise[block], of_data, self.n_data, self.nu, counts
        )
        return once, value, slopes

    def _weighed(self, values: Float, block: slice) -> Float:
        return values if self.counts is None else values * self.counts[block]
