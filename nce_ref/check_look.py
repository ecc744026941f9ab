"""A model looked at from one theta: its derivatives against differences, along directions that see all of theta.

Conventions
-----------
theta     (n_params,)          generic values see most (not 0, not the identity)
u         (n_points, n_dim)    points are rows
weights   (n_points,)          fixed numbers between 1 and 2, all different, so that no two errors cancel by symmetry
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.check_report import FAILED, NOT_CHECKED, PASSED, WARNED
from nce_ref.gradcheck import DISAGREES, check_gradient
from nce_ref.gradcheck import NOT_CHECKED as ENTRY_NOT_CHECKED

# Above so many parameters derivatives are compared along some coordinates and some directions that mix all of them.
_MOST_COORDINATES, _SOME_COORDINATES, _MIXED = 40, 24, 4


@dataclass(frozen=True, eq=False)
class Look:
    """A model, a theta and points: what the checks of a model are made with."""

    model: Any
    theta: Float
    u: Float

    @property
    def weights(self) -> Float:
        """Between 1 and 2 by the golden section: no two alike, no symmetry."""
        return np.asarray(
            1.0 + (0.6180339887498949 * np.arange(1, len(self.u) + 1)) % 1.0, np.float64
        )

    @property
    def directions(self) -> Float:
        """(k, n_params): the coordinates; above 40 of them some, c's among them, and mixtures of all."""
        n = len(self.theta)
        if n <= _MOST_COORDINATES:
            return np.asarray(np.eye(n), dtype=np.float64)
        chosen = np.unique(np.linspace(0, n - 1, _SOME_COORDINATES).round().astype(int))
        mixed = np.cos(np.outer(1.0 + np.arange(_MIXED), 1.0 + np.arange(n)))
        return np.asarray(np.concatenate([np.eye(n)[chosen], mixed / np.sqrt(n)]), dtype=np.float64)

    def log_densities(self, theta: Float) -> Float:
        """ln p_m at the points."""
        return np.asarray(self.model.log_density(theta, self.u), dtype=np.float64)

    def offers(self, member: str) -> bool:
        """Whether the model has this method; one that answers NotImplementedError counts as not offered when it is
        called."""
        return callable(getattr(self.model, member, None))

    def pullback(self, theta: Float, weights: Float) -> Float:
        """sum_t weights[t] g(u_t), by the first of the model's ways."""
        if self.offers("pullback"):
            return np.asarray(self.model.pullback(theta, self.u, weights))
        return np.asarray(self.model.jacobian(theta, self.u)).T @ weights

    def kinks(self, theta: Float) -> Float:
        """The signed arguments of the model's kinks, none where it does not tell."""
        if not self.offers("kinks"):
            return np.empty(0)
        return np.asarray(self.model.kinks(theta, self.u).arguments, dtype=np.float64).ravel()

    def against_differences(
        self, value: Callable[[Float], float], gradient: Float
    ) -> tuple[str, str]:
        """(status, message) of a gradient by theta against differences of ``value`` along ``directions``."""
        directions = self.directions
        scale = np.maximum(np.abs(directions) @ np.abs(self.theta), 1e-3)

        def along(t: Float) -> tuple[float, Float]:
            return value(self.theta + t @ directions), directions @ gradient

        try:
            report = check_gradient(
                along,
                np.zeros(len(directions)),
                kinks=lambda t: self.kinks(self.theta + t @ directions),
                scale=scale,
                allow_unchecked=True,
            )
        except ValueError as error:
            return FAILED, f"cannot be differenced: {error}"
        skipped = len(report.indices(ENTRY_NOT_CHECKED))
        if report.indices(DISAGREES):
            return FAILED, str(report).replace("fun's gradient", "the model's derivative")
        if not report.ok:
            return NOT_CHECKED, str(report)
        seen = f"{len(directions) - skipped} of {len(directions)} directions agree with differences"
        if skipped:
            return (
                WARNED,
                f"{seen}; the others lie on a kink, or a step crosses one that ``kinks`` does not tell",
            )
        return PASSED, seen
