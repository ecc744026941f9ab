"""Slips that masks and weights make possible: what they are applied to, before or after the logarithm, and what they
are counted for."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.nce.textbook_layouts import MaskedSteps

_MASKED = "J = (1/sum w) sum_i w_i [ln sigma(G_i - ln nu_i) + sum_j m_ij ln sigma(ln nu_i - G_ij)]"
_GARBAGE = "What stands where the mask is 0 is arbitrary, and moves value and gradient."
_MASKED_LAYOUTS = ("nce_from_log_ratios/masked", "binary_nce/masked")


class _MaskIgnored(MaskedSteps):
    def kept(self, mask: Array) -> Array:
        return np.ones_like(mask, dtype=bool)


MASK_IGNORED = Mistake(
    "noise-mask-ignored",
    "the mask is not applied: what stands where it is 0 counts as noise",
    _MaskIgnored(),
    effect=_GARBAGE,
    fix=f"{_MASKED}; the slip: m_ij = 1",
    only=_MASKED_LAYOUTS,
)


class _MaskInverted(MaskedSteps):
    def kept(self, mask: Array) -> Array:
        return mask == 0


MASK_INVERTED = Mistake(
    "noise-mask-inverted",
    "the mask is read the other way round: 1 is taken for padding",
    _MaskInverted(),
    effect="The noise does not count and the padding does. " + _GARBAGE,
    fix=f"{_MASKED}, m_ij = 1 where a noise point is there; the slip: 1 - m_ij",
    only=_MASKED_LAYOUTS,
)


class _MaskAfter(MaskedSteps):
    def noise_terms(self, log_ratio: Array, kept: Array, nu: Array) -> tuple[Array, Array]:
        value, slope = self.term(log_ratio, nu, False)
        m = kept.astype(log_ratio.dtype)
        return m * value, m * slope


MASK_AFTER_THE_LOGARITHM = Mistake(
    "mask-after-the-logarithm",
    "the terms are multiplied by the mask: 0 x inf = NaN where inf stands",
    _MaskAfter(),
    effect="Padding with inf (or with -inf - (-inf) in G) makes value or gradient NaN, although it does not count.",
    fix="where(m, ln sigma(ln nu - where(m, G, 0)), 0); the slip: m * ln sigma(ln nu - G)",
    only=_MASKED_LAYOUTS,
)


class _MaskedToZero(MaskedSteps):
    def noise_terms(self, log_ratio: Array, kept: Array, nu: Array) -> tuple[Array, Array]:
        value, slope = self.term(np.where(kept, log_ratio, 0), nu, False)
        return value, np.where(kept, slope, 0)


MASKED_TO_ZERO = Mistake(
    "masked-to-zero",
    "masked log-ratios are set to 0 and summed: each adds ln sigma(ln nu_i) to the value",
    _MaskedToZero(),
    effect="None on the estimate where the mask is fixed; values do not compare, least of all between batches.",
    fix="where(m, ln sigma(ln nu - where(m, G, 0)), 0); the slip: ln sigma(ln nu - where(m, G, 0))",
    only=_MASKED_LAYOUTS,
)


class _MaskByShift(MaskedSteps):
    def noise_terms(self, log_ratio: Array, kept: Array, nu: Array) -> tuple[Array, Array]:
        shift = (1.0 - kept.astype(log_ratio.dtype)) * log_ratio.dtype.type(1e9)
        return self.term(log_ratio - shift, nu, False)


MASK_BY_A_LARGE_NUMBER = Mistake(
    "mask-by-a-large-number",
    "1e9 is subtracted where the mask is 0, in the hope that nothing larger stands there",
    _MaskByShift(),
    effect="1e30 or inf in the padding counts all the same.",
    fix="where(m, ln sigma(ln nu - where(m, G, 0)), 0); the slip: G - 1e9 (1 - m)",
    only=_MASKED_LAYOUTS,
)


class _MaskOnLogits(MaskedSteps):
    def noise_terms(self, log_ratio: Array, kept: Array, nu: Array) -> tuple[Array, Array]:
        m = kept.astype(log_ratio.dtype)
        value, slope = self.log_one_minus_h(m * (log_ratio - self.log_nus(nu, log_ratio, False)))
        return value, m * slope


MASK_ON_THE_LOGITS = Mistake(
    "mask-on-the-logits",
    "the logits are multiplied by the mask: each masked place adds ln sigma(0) = -ln 2 to the value, NaN for inf",
    _MaskOnLogits(),
    effect="None on the estimate where the mask is fixed and the padding finite, but values do not compare by batches.",
    fix="where(m, ln sigma(ln nu - where(m, G, 0)), 0); the slip: ln sigma(m (ln nu - G))",
    only=_MASKED_LAYOUTS,
)


class _WeightsBroadcast(MaskedSteps):
    def row_weights(self, weights: Array, is_data: bool) -> Array:
        return np.full_like(weights, weights.sum()) if is_data else weights


WEIGHTS_BROADCAST = Mistake(
    "weights-broadcast",
    "weights of shape (n, 1) times the data's terms of shape (n,) broadcast to (n, n): every weight meets every term",
    _WeightsBroadcast(),
    effect="The data's terms count sum w each, all alike: their weight grows with the batch, c is off by its "
    "logarithm, and the rows' weights are lost on the data.",
    fix=f"{_MASKED}; the slip: (1/sum w) sum_ij w_i ln sigma(G_j - ln nu_j)",
    only=_MASKED_LAYOUTS,
)


class _WeightsIgnored(MaskedSteps):
    def row_weights(self, weights: Array, is_data: bool) -> Array:
        return np.ones_like(weights)

    def total_weight(self, weights: Array) -> Any:
        return len(weights)


WEIGHTS_IGNORED = Mistake(
    "weights-ignored",
    "the rows' weights are not applied: a mean over all rows",
    _WeightsIgnored(),
    effect="Rows that should count little, or not at all (padding), count like all others.",
    fix=f"{_MASKED}; the slip: w_i = 1",
    only=_MASKED_LAYOUTS,
)


class _WeightsOnData(MaskedSteps):
    def row_weights(self, weights: Array, is_data: bool) -> Array:
        return weights if is_data else np.ones_like(weights)


WEIGHTS_ON_DATA_ONLY = Mistake(
    "weights-on-data-only",
    "the weights are applied to the data's terms and not to the noise's",
    _WeightsOnData(),
    effect="No constant shift: B and c are both wrong unless the weights are all the same.",
    fix=f"{_MASKED}; the slip: sum_ij m_ij ln sigma(ln nu_i - G_ij) without w_i",
    only=_MASKED_LAYOUTS,
)


class _DividedByRows(MaskedSteps):
    def total_weight(self, weights: Array) -> Any:
        return len(weights)


DIVIDED_BY_ROWS = Mistake(
    "divided-by-rows",
    "the weighted sums are divided by the number of rows, not by the sum of their weights",
    _DividedByRows(),
    effect="None on the estimate: a factor, but one that changes from batch to batch, and with it the step.",
    fix=f"{_MASKED}; the slip: (1/n) sum_i w_i [...]",
    only=_MASKED_LAYOUTS,
)


class _NuFromMask(MaskedSteps):
    def row_nu(self, nu: Array, mask: Array) -> Array:
        return mask.sum(axis=1)


NU_FROM_THE_MASK = Mistake(
    "nu-from-the-mask",
    "nu_i is counted from the mask instead of taken as it is handed over",
    _NuFromMask(),
    effect=(
        "Where noise points were dropped for another reason (duplicates, accidental hits), the"
        " weight of the noise and h do not fit: c is off by ln(nu_i/sum_j m_ij), differently in"
        " every row. A row without noise has ln 0."
    ),
    fix=f"{_MASKED}; the slip: ln sum_j m_ij for ln nu_i",
    only=_MASKED_LAYOUTS,
)


class _NuFromMaskAtLeastOne(MaskedSteps):
    def row_nu(self, nu: Array, mask: Array) -> Array:
        return np.maximum(mask.sum(axis=1), 1)


NU_FROM_THE_MASK_AT_LEAST_1 = Mistake(
    "nu-from-the-mask-at-least-1",
    "nu_i is counted from the mask, at least 1, instead of taken as it is handed over",
    _NuFromMaskAtLeastOne(),
    effect="As nu-from-the-mask; a row without noise pulls as if it had one point.",
    fix=f"{_MASKED}; the slip: ln max(sum_j m_ij, 1) for ln nu_i",
    only=_MASKED_LAYOUTS,
)


class _NuOfColumns(MaskedSteps):
    def row_nu(self, nu: Array, mask: Array) -> Array:
        return np.full_like(nu, mask.shape[1])


NU_OF_COLUMNS = Mistake(
    "nu-of-columns",
    "nu is the number of columns, padding included",
    _NuOfColumns(),
    effect="c is off by ln(k/nu_i), differently in every row.",
    fix=f"{_MASKED}; the slip: ln k for ln nu_i",
    only=_MASKED_LAYOUTS,
)


class _NuAveraged(MaskedSteps):
    def row_nu(self, nu: Array, mask: Array) -> Array:
        return np.full_like(nu, nu.mean())


NU_AVERAGED = Mistake(
    "nu-averaged",
    "one nu for all rows: the mean of the nu_i",
    _NuAveraged(),
    effect="c is off by ln(mean nu/nu_i), differently in every row.",
    fix=f"{_MASKED}; the slip: ln mean nu for ln nu_i",
    only=_MASKED_LAYOUTS,
)


class _NuAlongColumns(MaskedSteps):
    def nu_of_noise(self, nu: Array, shape: tuple[int, ...]) -> Array:
        # (n,) against (n, k) is an exception elsewhere.
        return nu[None, :] if shape[0] == shape[1] else super().nu_of_noise(nu, shape)


NU_ALONG_COLUMNS = Mistake(
    "nu-along-columns",
    "nu of shape (n,) broadcasts along the columns: nu_j beside G_ij, where n = k, and an exception elsewhere",
    _NuAlongColumns(),
    effect="The rows' nu_i are mixed up on the noise. No exception where n = k.",
    fix="ln nu[:, None] - G; the slip: ln nu - G",
    only=_MASKED_LAYOUTS,
)


class _RowMean(MaskedSteps):
    def row_factor(self, kept: Array, nu: Array) -> Any:
        return 1.0 / kept.sum(axis=1).astype(nu.dtype)


ROW_MEAN = Mistake(
    "row-mean",
    "the noise's terms of a row are averaged over what is there instead of summed",
    _RowMean(),
    effect=(
        "The noise's weight is 1 while h has nu_i: c is off by ln nu_i, differently in every row;"
        " 0/0 where a row has no noise."
    ),
    fix=f"{_MASKED}; the slip: sum_j m_ij (...)/sum_j m_ij",
    only=_MASKED_LAYOUTS,
)


class _RowMeanTimesNu(MaskedSteps):
    def row_factor(self, kept: Array, nu: Array) -> Any:
        return nu / kept.sum(axis=1).astype(nu.dtype)


ROW_MEAN_TIMES_NU = Mistake(
    "row-mean-times-nu",
    "nu_i times the mean over what is there, instead of the sum",
    _RowMeanTimesNu(),
    effect=(
        "Another objective unless nu_i = sum_j m_ij, in expectation the same where noise is dropped"
        " at random; 0/0 where a row has no noise."
    ),
    fix=f"{_MASKED}; the slip: nu_i sum_j m_ij (...)/sum_j m_ij",
    only=_MASKED_LAYOUTS,
)


class _ColumnMean(MaskedSteps):
    def row_factor(self, kept: Array, nu: Array) -> Any:
        return 1.0 / kept.shape[1]


COLUMN_MEAN = Mistake(
    "column-mean",
    "the noise's terms of a row are averaged over all k columns, padding included",
    _ColumnMean(),
    effect="The noise's weight is 1/k of what it should be: c is off by ln k.",
    fix=f"{_MASKED}; the slip: (m * terms).mean(axis=1)",
    only=_MASKED_LAYOUTS,
)


MISTAKES = (
    MASK_IGNORED,
    MASK_INVERTED,
    MASK_AFTER_THE_LOGARITHM,
    MASKED_TO_ZERO,
    MASK_BY_A_LARGE_NUMBER,
    MASK_ON_THE_LOGITS,
    WEIGHTS_BROADCAST,
    WEIGHTS_IGNORED,
    WEIGHTS_ON_DATA_ONLY,
    DIVIDED_BY_ROWS,
    NU_FROM_THE_MASK,
    NU_FROM_THE_MASK_AT_LEAST_1,
    NU_OF_COLUMNS,
    NU_AVERAGED,
    NU_ALONG_COLUMNS,
    ROW_MEAN,
    ROW_MEAN_TIMES_NU,
    COLUMN_MEAN,
)
