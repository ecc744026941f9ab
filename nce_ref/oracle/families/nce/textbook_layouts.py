"""J of noise in rows, in steps: rows that are all there go through the flat steps, masked and weighted ones have their
own.

Conventions
-----------
inputs, slope, is_data   as in ``textbook``
rows       (n_data, k): the noise points of each data point, flattened row by row for the flat steps, with nu = k
``Rows``   what stands in the place of nu where rows are masked: it passes through all that does not look at nu
kept       (n_data, k) booleans: what counts
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.nce import textbook
from nce_ref.oracle.families.nce.textbook import (
    BinaryNceSteps,
    GaussianNceSteps,
    LaplaceNceSteps,
    NceSteps,
)


class Rows(NamedTuple):
    """What belongs to masked rows: nu (n_data,), mask (n_data, k), weights (n_data,)."""

    nu: Array
    mask: Array
    weights: Array


class RowSteps(Steps):
    """How rows of noise are read."""

    def rows_of_noise(self, log_noise: Array) -> Array:
        """ln p_n of the noise, (n_data, k)."""
        return log_noise


class RowsBinarySteps(BinaryNceSteps, RowSteps):
    """The right steps of J from log-densities in rows."""


class PointSteps(Steps):
    """How rows of points are read."""

    def rows_of_points(self, y: Array) -> Array:
        """y, (n_data, k, n_dim), as (n_noise, n_dim)."""
        return y.reshape(-1, y.shape[-1])


class RowsLaplaceSteps(LaplaceNceSteps, PointSteps):
    """The right steps of J of the Laplace ICA model, its noise in rows."""


class RowsGaussianSteps(GaussianNceSteps, PointSteps):
    """The right steps of J of the Gaussian model, its noise in rows."""


class MaskedSteps(NceSteps):
    """The right steps of J of masked and weighted rows, from log-ratios."""

    def kept(self, mask: Array) -> Array:
        """Where the mask is 1."""
        return mask != 0

    def row_weights(self, weights: Array, is_data: bool) -> Array:
        """w_i."""
        return weights

    def total_weight(self, weights: Array) -> Any:
        """What the data term is divided by."""
        return weights.sum()

    def row_nu(self, nu: Array, mask: Array) -> Array:
        """nu_i, (n_data,)."""
        return nu

    def nu_of_noise(self, nu: Array, shape: tuple[int, ...]) -> Array:
        """nu_i beside G_ij: (n_data, 1), or of ``shape``."""
        return nu[:, None]

    def row_factor(self, kept: Array, nu: Array) -> Any:
        """What the sum over a row's noise is multiplied by, (n_data,) or a number."""
        return 1.0

    def term(self, log_ratio: Array, nu: Any, is_data: bool) -> tuple[Array, Array]:
        """The terms of J and their slopes, ``nu`` of a shape that broadcasts against the log-ratios."""
        each = np.array(
            [self.log_nu(one, is_data) if one > 0 else -np.inf for one in np.ravel(nu).tolist()]
        )
        t = log_ratio - each.reshape(np.shape(nu)).astype(log_ratio.dtype)
        return self.log_h(t) if is_data else self.log_one_minus_h(t)

    def noise_terms(self, log_ratio: Array, kept: Array, nu: Array) -> tuple[Array, Array]:
        """The noise's terms and slopes, 0 where nothing counts: masked before and after, since 0 x inf is NaN."""
        value, slope = self.term(np.where(kept, log_ratio, 0), nu, False)
        return np.where(kept, value, 0), np.where(kept, slope, 0)

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: Any) -> tuple[Any, Array, Array]:
        """J, dJ/dG on the data, (n_data,), and on the noise, (n_data, k)."""
        rows: Rows = nu
        kept, each = self.kept(rows.mask), self.row_nu(rows.nu, rows.mask)
        of_data, slope_data = self.term(ratio_data, each, True)
        nu_noise = self.nu_of_noise(each, kept.shape)
        of_noise, slope_noise = self.noise_terms(ratio_noise, kept, nu_noise)
        w_data, w_noise = (self.row_weights(rows.weights, is_data) for is_data in (True, False))
        w_noise = w_noise * self.row_factor(kept, each)
        count = (rows.weights[:, None] * (rows.mask != 0)).sum()
        data, noise = self.weights(self.total_weight(rows.weights), count)
        value = data * (w_data * of_data).sum() + noise * (w_noise * of_noise.sum(axis=1)).sum()
        return value, data * w_data * slope_data, noise * w_noise[:, None] * slope_noise


class MaskedBinarySteps(MaskedSteps, RowsBinarySteps):
    """The right steps of J of masked and weighted rows, from log-densities."""


def in_rows(answer: Callable[..., Outputs]) -> Callable[..., Outputs]:
    """An answer of the flat layout, asked with rows: its derivative by the noise comes back in rows."""

    def laid_out(steps: Any, **inputs: Any) -> Outputs:
        shape = next(np.shape(value) for name, value in inputs.items() if name.endswith("_noise"))
        if isinstance(steps, RowSteps):
            inputs["log_noise_noise"] = steps.rows_of_noise(inputs["log_noise_noise"])
        flat = {
            name: np.reshape(value, -1) if name.endswith("_noise") else value
            for name, value in inputs.items()
        }
        found = answer(steps, **flat)
        return {
            name: np.reshape(value, shape) if name.endswith("_noise") else value
            for name, value in found.items()
        }

    return laid_out


def in_rows_of_points(answer: Callable[..., Outputs]) -> Callable[..., Outputs]:
    """An answer of the flat layout, asked with rows of points."""

    def laid_out(steps: Any, y: Array, **inputs: Any) -> Outputs:
        return answer(steps, y=steps.rows_of_points(y), **inputs)

    return laid_out


def masked_from_log_ratios(
    steps: MaskedSteps,
    log_ratio_data: Array,
    log_ratio_noise: Array,
    mask: Array,
    weights: Array,
    nu: Array,
) -> Outputs:
    """J and its derivatives by the log-ratios."""
    return textbook.nce_from_log_ratios(
        steps,
        log_ratio_data,
        log_ratio_noise,
        Rows(nu, mask, weights),  # type: ignore[arg-type]
    )


def masked_binary_nce(
    steps: MaskedBinarySteps,
    log_model_data: Array,
    log_model_noise: Array,
    log_noise_data: Array,
    log_noise_noise: Array,
    mask: Array,
    weights: Array,
    nu: Array,
) -> Outputs:
    """J and its derivatives by ln p_m."""
    return textbook.binary_nce(
        steps,
        log_model_data,
        log_model_noise,
        log_noise_data,
        steps.rows_of_noise(log_noise_noise),
        Rows(nu, mask, weights),  # type: ignore[arg-type]
    )
