r"""What kinks add to the curvature of ranking and conditional NCE: ``kink_curvature.py`` for choices among points.

A choice is among a datum and noise points: w = softmax of the log-ratios s, z = 1 on the datum, 0 on the noise. Every
point's n_data dJ/d ln p_m is a multiple of z - w, so that to the negative Hessian kinks add

    K = -2 slope (factor/n_data) sum over choices of sum_u (z_u - w_u) sum_i delta(v_i(u)) a_i a_i^T

Ranking: one choice a datum, factor 1, s = ln p_m - ln p_n. Conditional: kappa choices between x and one y, factor
2/kappa, s_x - s_y = G. Given a choice's points as a set, its datum is u with probability w_u where the model is right:
K is 0 there. Where it is wrong, a parametric pilot takes what it can (features phi as in ``kink_curvature.py``),

    pi = softmax of s + sum_i b_i . phi(r_i),     fitted by sum ln pi_datum - |b|^2/2,

and (z - w) delta(v) = (pi - w) delta(v) + (z - pi) delta(v): the first part has no labels and is averaged over a narrow
window with w and pi as they are where v_i(u) = 0 *and the other points of the choice are where they are*; the second
has mean 0 as far as the pilot goes, and bears a wide one.

Conventions
-----------
points   (x_1, y_11 ... y_1k, x_2, ...), one after the other
choices  (.., rows, n_choices, size), the datum first: (1, k + 1) for ranking, (kappa, 2) for conditional
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.estimators.kink_curvature import (
    NARROW,
    SHAPES,
    WIDE,
    KinkCurvature,
    Shapes,
    curvature,
    epanechnikov,
    linear_in_size,
    newton,
    unit_blocks,
)
from nce_ref.models.base import Kinks
from nce_ref.special import sigmoid


def row_kinks(kinks: Kinks, G: Float, in_pairs: bool, n_params: int) -> KinkCurvature:
    """Return K; ``G``, (n_data, k), are the differences s(x_i) - s(y_ij), and ``in_pairs`` says that each is a choice
    of its own."""
    n_data, k = G.shape
    return curvature(kinks, _Chosen(kinks, G, in_pairs), n_data, n_params, per_unit=k + 1)


class _Chosen:
    """The regression of choices: beta = (b_1, .., b_n), three numbers for each term."""

    def __init__(self, kinks: Kinks, G: Float, in_pairs: bool) -> None:
        self.n_data, self.k = G.shape
        self.in_pairs, self.slope, self.G = in_pairs, kinks.slope, G
        self.factor = 2.0 / self.k if in_pairs else 1.0
        self.shapes = Shapes(kinks, slice(None, None, self.k + 1))
        self.narrow, self.wide = (factor * self.n_data**-0.2 for factor in (NARROW, WIDE))
        self.beta, self.information = self._regression()

    def weights(self, block: slice) -> Float:
        """(pi - w) at v_i = 0 times the narrow kernel, and (z - pi) times the wide one."""
        phi, at_kink, of_pilot, near, far = self._parts(block)
        z = np.arange(phi.shape[-1]) == 0
        first = sigmoid(of_pilot) - sigmoid(at_kink)
        second = z - sigmoid(self._log_odds(block, self.beta, phi))
        return self._from(first) * near + self._from(second) * far

    def slopes(self, block: slice) -> Float:
        """A point's weight sees its own features less the others' mean, in the first part its own at r_i = 0."""
        phi, _, of_pilot, near, far = self._parts(block)
        odds = self._log_odds(block, self.beta, phi)
        pi, others = sigmoid(odds), np.maximum(sigmoid(-odds), np.finfo(np.float64).tiny)
        mean = (pi * phi).sum(axis=-1, keepdims=True)
        apart = (phi - mean) / others  # phi_u less the mean of the others under pi
        second = self._from(pi * (phi - mean))
        bends = sigmoid(of_pilot) * sigmoid(-of_pilot)
        total = np.empty((len(near), len(phi), near.shape[1]))
        for i, shift in enumerate(self.shapes.to_zero(block)):
            there = apart.copy()
            own = slice(SHAPES * i, SHAPES * (i + 1))
            there[own] += self._choices(shift)
            total[i] = self._from(bends[i] * there) * near[i] - second * far[i]
        return total

    def influence(self, block: slice) -> Float:
        """Newton's step for one datum's choices: information^-1 sum (z - pi) phi, (n_features, n_data of the block)."""
        phi = self._phi(block)
        moved = self._scores(phi, self._log_odds(block, self.beta, phi))
        return np.asarray(np.linalg.solve(self.information, moved), dtype=np.float64)

    def squares(self, block: slice) -> Float:
        """(n_data dJ/d ln p_m)^2, by the narrow window."""
        _, scale, r = self.shapes.parts(block)
        t = self._log_odds(block)
        w = self._from((np.arange(t.shape[-1]) == 0) - sigmoid(t))
        return np.asarray(w * w * epanechnikov(r / self.narrow) / (self.narrow * scale))

    def _parts(self, block: slice) -> tuple[Float, ...]:
        """Features; log-odds of w and of pi as they are at v_i = 0, term by term; the two kernels at the points."""
        size, scale, r = self.shapes.parts(block)
        phi = self._phi(block)
        t = self._log_odds(block)
        to_kink = -self.slope * self._choices(size)
        by_term = self.beta.reshape(len(r), 1, SHAPES)
        shift = self._choices((by_term @ self.shapes.to_zero(block))[:, 0])
        near = linear_in_size(r / self.narrow) / (self.narrow * scale)
        far = epanechnikov(r / self.wide) / (self.wide * scale)
        return phi, t + to_kink, self._log_odds(block, self.beta, phi) + to_kink + shift, near, far

    def _log_odds(self, block: slice, beta: Float | None = None, phi: Float | None = None) -> Float:
        """ln w/(1 - w) of each point in its choice; with beta and features, of pi."""
        k = self.k + 1
        s = np.zeros((block.stop // k - block.start // k, k))
        s[:, 1:] = -self.G[block.start // k : block.stop // k]
        chosen = self._choices(s.reshape(-1))
        if beta is not None and phi is not None:
            chosen = chosen + np.tensordot(beta, phi, 1)
        return _log_odds(chosen)

    def _phi(self, block: slice) -> Float:
        """(n_features, rows, n_choices, size)"""
        shapes = self.shapes.of(block)
        return self._choices(shapes.reshape(-1, shapes.shape[2]))

    def _choices(self, of_points: Float) -> Float:
        """(.., points) as (.., rows, n_choices, size)."""
        rows = of_points.reshape(*of_points.shape[:-1], -1, self.k + 1)
        if not self.in_pairs:
            return rows[..., None, :]
        x, y = rows[..., :1], rows[..., 1:]
        return np.stack([np.broadcast_to(x, y.shape), y], axis=-1)

    def _from(self, of_choices: Any) -> Float:
        """The sum over the choices that a point is in, times the factor: (.., rows, n_choices, size) as (..,
        points)."""
        if self.in_pairs:
            x = of_choices[..., 0].sum(axis=-1, keepdims=True)
            rows = np.concatenate([x, of_choices[..., 1]], axis=-1)
        else:
            rows = of_choices[..., 0, :]
        return np.asarray(self.factor * rows.reshape(*rows.shape[:-2], -1))

    def _scores(self, phi: Float, odds: Float) -> Float:
        """sum (z - pi) phi over a datum's choices, times the factor: (n_features, rows)."""
        z_less_pi = (np.arange(odds.shape[-1]) == 0) - sigmoid(odds)
        return np.asarray(self.factor * np.einsum("frcs,rcs->fr", phi, z_less_pi))

    def _regression(self) -> tuple[Float, Float]:
        """beta, and the penalised information there."""
        n_features = SHAPES * self.shapes.n_terms

        def expand(beta: Float) -> tuple[float, Float, Float]:
            value, gradient = -0.5 * float(beta @ beta), -beta
            information = np.eye(n_features)
            for block in unit_blocks(self.n_data * (self.k + 1), self.k + 1):
                phi = self._phi(block)
                odds = self._log_odds(block, beta, phi)
                pi = sigmoid(odds)
                value -= self.factor * float(np.logaddexp(0.0, -odds[..., 0]).sum())
                gradient = gradient + self._scores(phi, odds).sum(axis=1)
                mean = np.einsum("frcs,rcs->frc", phi, pi)
                centred = (phi - mean[..., None]) * np.sqrt(self.factor * pi)
                flat = centred.reshape(n_features, -1)
                information += flat @ flat.T
            return value, gradient, information

        return newton(expand, np.zeros(n_features))


def _log_odds(s: Float) -> Float:
    """s_j - lse of the others along the last axis, without a difference of nearly equal numbers."""
    top = s.argmax(axis=-1)[..., None]
    largest = np.take_along_axis(s, top, -1)
    share = np.exp(s - largest)
    np.put_along_axis(share, top, 0.0, -1)
    rest = share.sum(axis=-1, keepdims=True)  # of the others, the largest left out
    # Of the largest: -ln rest; of another, which has at most half of all: s - top - ln(1 + rest - share).
    with np.errstate(divide="ignore"):
        of_top = -np.log(rest)
    odds = s - largest - np.log1p(rest - share)
    np.put_along_axis(odds, top, of_top, -1)
    return np.asarray(odds)
