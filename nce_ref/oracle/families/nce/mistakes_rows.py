"""Slips that rows of noise make possible: which axis, which sum, which row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps
from nce_ref.oracle.families.nce.textbook_layouts import PointSteps, RowSteps

_ROWS = "J = (1/n) sum_i [ln sigma(G_i - ln k) + sum_j ln sigma(ln k - G_ij)]"
_IN_ROWS = (
    "nce_from_log_ratios/rows",
    "nce_from_log_ratios/shared",
    "binary_nce/rows",
    "binary_nce/shared",
    "laplace_ica_nce/rows",
    "gaussian_nce/rows",
)


class _DataRepeated(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return n_noise / n_data**2, 1.0 / n_data


DATA_REPEATED = Mistake(
    "data-repeated",
    "the data's term is broadcast over the columns of the noise: it counts k times",
    _DataRepeated(),
    effect="c is off by +ln k (w1 = k), B stays right in the limit.",
    fix=f"{_ROWS}; the slip: (1/n) sum_ij [ln sigma(G_i - ln k) + ln sigma(ln k - G_ij)]",
    only=_IN_ROWS,
)


class _NoiseOverColumns(NceSteps):
    def weights(self, n_data: int, n_noise: int) -> tuple[float, float]:
        return 1.0 / n_data, n_data / n_noise


NOISE_OVER_COLUMNS = Mistake(
    "noise-over-columns",
    "the noise's terms are summed over the rows and averaged over the columns: the wrong axis",
    _NoiseOverColumns(),
    effect="The noise's weight is n/k of what it should be: c is off by ln(k/n), and with it by the size of the batch.",
    fix=f"{_ROWS}; the slip: terms.sum(axis=0).mean()",
    only=_IN_ROWS,
)


class _FirstColumn(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        k = len(ratio_noise) // len(ratio_data)
        value, of_data, of_first = super().nce(ratio_data, ratio_noise[::k], nu)
        of_noise = np.zeros_like(ratio_noise)
        of_noise[::k] = of_first
        return value, of_data, of_noise


FIRST_COLUMN = Mistake(
    "first-column",
    "the first noise point of each row alone is used, ln k is kept",
    _FirstColumn(),
    effect=(
        "The noise's weight is 1 while h has k: c is off by +ln k, B stays right in the limit, and"
        " k - 1 of k noise points are lost."
    ),
    fix=f"{_ROWS}; the slip: G_i1 for all of G_ij",
    only=_IN_ROWS,
)


class _FirstRow(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        n, k = len(ratio_data), len(ratio_noise) // len(ratio_data)
        value, of_data, of_noise = super().nce(ratio_data, np.tile(ratio_noise[:k], n), nu)
        of_first = np.zeros_like(of_noise)
        of_first[:k] = of_noise.reshape(n, k).sum(axis=0)
        return value, of_data, of_first


FIRST_ROW = Mistake(
    "first-row",
    "the first row's noise is used for all rows",
    _FirstRow(),
    effect="n - 1 of n rows of noise are lost; where the model is conditional, c and B are both wrong.",
    fix=f"{_ROWS}; the slip: G_1j for G_ij",
    only=(
        "nce_from_log_ratios/rows",
        "nce_from_log_ratios/shared",
        "binary_nce/rows",
        "binary_nce/shared",
    ),
)


class _FirstRowOfDensities(RowSteps):
    def rows_of_noise(self, log_noise: Array) -> Array:
        return np.broadcast_to(log_noise[:1], log_noise.shape)


FIRST_ROW_OF_LOG_PN = Mistake(
    "first-row-of-log-pn",
    "ln p_n of the first row's noise is subtracted in every row: (n, k) less (k,)",
    _FirstRowOfDensities(),
    effect=(
        "The noise density no longer belongs to the point: c and B are both wrong. Right where all"
        " rows share their noise."
    ),
    fix=(
        "G_ij = log_model_noise[i, j] - log_noise_noise[i, j]; the slip: log_model_noise[i, j] -"
        " log_noise_noise[0, j]"
    ),
)


class _DataPairs(BinaryNceSteps):
    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        of_data, slope_data = self.term(model_data[:, None] - noise_data, nu, True)
        of_noise, slope_noise = self.term(model_noise - noise_noise, nu, False)
        data, noise = self.weights(len(model_data), len(model_noise))
        value = data * of_data.mean(axis=1).sum() + noise * of_noise.sum()
        return value, data * slope_data.mean(axis=1), noise * slope_noise


DATA_PAIRS = Mistake(
    "data-pairs",
    "(n, 1) less (n,) on the data broadcasts to (n, n): every ln p_m meets every ln p_n, averaged;"
    " the noise is right",
    _DataPairs(),
    effect=(
        "On the data the noise density no longer belongs to the point: B and c are both wrong. No"
        " exception, and the loss looks usual."
    ),
    fix=(
        "G_i = log_model_data[i] - log_noise_data[i]; the slip: log_model_data[:, None] -"
        " log_noise_data"
    ),
    only=("binary_nce/rows", "binary_nce/shared"),
)


class _NuOfSizes(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        return super().nce(ratio_data, ratio_noise, nu / len(ratio_data))


NU_OF_THE_FLAT_LAYOUT = Mistake(
    "nu-of-the-flat-layout",
    "nu = n_noise/n_data in h, as in the flat layout, while every data point meets all the noise",
    _NuOfSizes(),
    effect="c is off by -ln n_data (kappa = nu/n_data), B stays right.",
    fix=f"{_ROWS}, k = n_noise where the noise is shared; the slip: h = sigma(G - ln(n_noise/n_data))",
    only=("nce_from_log_ratios/shared", "binary_nce/shared"),
)


class _TransposedPoints(PointSteps):
    def rows_of_points(self, y: Array) -> Array:
        return np.swapaxes(y, -1, -2).reshape(-1, y.shape[-1])


POINTS_TRANSPOSED = Mistake(
    "points-transposed",
    "y of shape (n, k, n_dim) is reshaped after a transposition: coordinates of different points make one",
    _TransposedPoints(),
    effect="The noise is no sample of p_n any more. Nothing to see at n_dim = 1 or k = 1.",
    fix="y.reshape(-1, n_dim); the slip: y.swapaxes(1, 2).reshape(-1, n_dim)",
)


class _NuOfRows(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        return super().nce(ratio_data, ratio_noise, float(len(ratio_data)))


NU_OF_ROWS = Mistake(
    "nu-of-rows",
    "nu is the number of rows: n_data, by the wrong axis of the noise, in the place of k",
    _NuOfRows(),
    effect="c is off by ln(n_data/k), which changes with the batch (kappa = n_data); B stays right in the limit.",
    fix=f"{_ROWS}; the slip: h = sigma(G - ln n_data)",
    only=_IN_ROWS,
)


class _NuLessOne(NceSteps):
    def log_nu(self, nu: float, is_data: bool) -> float:
        return math.log(max(nu - 1.0, 1.0))


LOG_NU_LESS_ONE = Mistake(
    "log-nu-less-one",
    "ln(k - 1), or 0 at k = 1, instead of ln k: the data point is taken for one of the k",
    _NuLessOne(),
    effect="c is off by ln(1 - 1/k), B stays right.",
    fix=f"{_ROWS}; the slip: h = sigma(G - ln max(k - 1, 1))",
    seen="losses with the batch's other points for noise",
    only=_IN_ROWS,
)


class _NoDiagonal(NceSteps):
    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        n, k = len(ratio_data), len(ratio_noise) // len(ratio_data)
        of_data, slope_data = self.term(ratio_data, nu, True)
        of_noise, slope_noise = self.term(ratio_noise, nu, False)
        kept = ~np.eye(n, k, dtype=bool).reshape(-1)
        data, noise = self.weights(len(ratio_data), len(ratio_noise))
        value = data * of_data.sum() + noise * of_noise[kept].sum()
        return value, data * slope_data, noise * np.where(kept, slope_noise, 0)


DIAGONAL_LEFT_OUT = Mistake(
    "diagonal-left-out",
    "the diagonal of the shared noise, (i, i), is masked, as if noise point i were data point i",
    _NoDiagonal(),
    effect="A noise point in n_noise is lost while nu counts it: c is off by about 1/n_noise.",
    fix=f"{_ROWS}; the slip: the sum over j without j = i",
    seen="losses written for the batch's other points",
    only=("nce_from_log_ratios/shared", "binary_nce/shared"),
)


MISTAKES = (
    DATA_REPEATED,
    NOISE_OVER_COLUMNS,
    FIRST_COLUMN,
    FIRST_ROW,
    FIRST_ROW_OF_LOG_PN,
    DATA_PAIRS,
    NU_OF_THE_FLAT_LAYOUT,
    POINTS_TRANSPOSED,
    NU_OF_ROWS,
    LOG_NU_LESS_ONE,
    DIAGONAL_LEFT_OUT,
)
