r"""Score matching in plain NumPy, cut into steps that a mistake can replace.

    J = -mean_x [1/2 |Psi|^2 + sum_k g'(s_k) |b_k|^2],  Psi = phi B,  phi = g(s),  s = B x
    dJ/dB = -mean_x [phi_k Psi + g'(s_k) (phi B B')_k x + g''(s_k) |b_k|^2 x + 2 g'(s_k) b_k]

Conventions
-----------
s, phi, Psi    (n_data, n_dim), points as rows
scale          sqrt(2), as the model has it
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs
from nce_ref.oracle.families.densities.textbook import DemixingSteps, ScaleSteps


class ScoreMatchingSteps(ScaleSteps, DemixingSteps):
    """The right steps of score matching."""

    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        """tanh(slope s) with its first two derivatives by s; the first by e^-2|slope s|, which keeps its digits."""
        z = slope * s
        e = np.exp(-2.0 * np.abs(z))
        t, left = np.tanh(z), 4.0 * e / (1.0 + e) ** 2
        return t, slope * left, -2.0 * slope * slope * t * left

    def source_scores(
        self, s: Array, slope: float, scale: float
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """(g(s), its slope), and (g'(s) as it stands in the divergence, its slope)."""
        t, first, second = self.smoothed_sign(s, slope)
        return (-scale * t, -scale * first), (-scale * first, -scale * second)

    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        """|Psi|^2 of each point, and the derivatives of 1/2 sum_t |Psi_t|^2 by B, at phi fixed, and by phi."""
        psi = phi @ B
        return (psi * psi).sum(axis=1), phi.T @ psi, psi @ B.T

    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        """|b_k|^2, and half their derivatives by B, row by row."""
        return (B * B).sum(axis=1), B

    def score_weights(self, n_data: int) -> tuple[float, float]:
        """What |Psi|^2/2 and div Psi are multiplied by before the mean."""
        return 1.0, 1.0

    def gradient_of_loss(
        self, direct: Array, by_score: Array, by_divergence: Array, by_norms: Array
    ) -> Array:
        """The four parts of the loss's derivative by B: at phi fixed; through phi; through g'; through |b_k|^2, by
        halves."""
        return direct + by_score + by_divergence + 2.0 * by_norms

    def score_matching(self, B: Array, x: Array, slope: float, scale: float) -> tuple[Any, Array]:
        """J, and its derivative by B."""
        n_data = len(x)
        B, turn = self.demixing(B)
        s = x @ B.T
        (phi, of_phi), (bend, of_bend) = self.source_scores(s, slope, scale)
        square, by_B, by_phi = self.squared_score(B, phi)
        norms, of_norms = self.squared_norms(B)
        first, second = self.score_weights(n_data)
        value = first * 0.5 * square.mean() + second * (bend * norms).sum(axis=1).mean()
        grad = self.gradient_of_loss(
            first * by_B / n_data,
            first * (by_phi * of_phi).T @ x / n_data,
            second * (of_bend * norms).T @ x / n_data,
            second * bend.mean(axis=0)[:, None] * of_norms,
        )
        return -value, -turn(grad)


def laplace_ica_score_matching(
    steps: ScoreMatchingSteps, B: Array, x: Array, slope: float
) -> Outputs:
    """J and its derivative by B."""
    value, grad = steps.score_matching(B, x, slope, steps.laplace_scale)
    return {"value": value, "grad_B": grad}
