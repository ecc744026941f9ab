"""Slips in ln p_n: added on one of the two samples, or in another order than the points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.nce.mistakes_samples import LogNoise
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps

_G = "G = ln p_m - ln p_n on both samples"

LOG_PN_ADDED_NOISE = Mistake(
    "log-pn-added-noise",
    "ln p_n is added to ln p_m on the noise points, subtracted on the data points",
    LogNoise(1.0, -1.0),
    effect=(
        "No constant shift: the optimum balances p_d and p_n at ratios that belong to no density; B"
        " and c are both wrong."
    ),
    fix=f"{_G}; the slip: G(y) = ln p_m(y) + ln p_n(y)",
)

LOG_PN_ADDED_DATA = Mistake(
    "log-pn-added-data",
    "ln p_n is added to ln p_m on the data points, subtracted on the noise points",
    LogNoise(-1.0, 1.0),
    effect=(
        "No constant shift: the optimum balances p_d and p_n at ratios that belong to no density; B"
        " and c are both wrong."
    ),
    fix=f"{_G}; the slip: G(x) = ln p_m(x) + ln p_n(x)",
)


class _Reordered(BinaryNceSteps):
    """ln p_n of other points of the same sample, by their place in it."""

    def __init__(self, on_data: bool, by: Any) -> None:
        self.on_data, self.by = on_data, by

    def log_ratio(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        moved = log_noise if is_data and not self.on_data else self.by(log_noise)
        return super().log_ratio(log_model, moved, is_data)


def _reversed(values: Array) -> Array:
    return values.ravel()[::-1].reshape(values.shape)


def _rolled(values: Array) -> Array:
    flat = values.ravel()
    return flat.take(range(1, flat.size + 1), mode="wrap").reshape(values.shape)


def _sorted(values: Array) -> Array:
    flat = values.ravel().copy()
    flat.sort()
    return flat.reshape(values.shape)


_NO_LONGER = (
    "The noise density no longer belongs to the point: B and c are both wrong, and the more so the more ln p_n "
    "varies. No exception, and the loss looks usual."
)

LOG_PN_REVERSED = Mistake(
    "log-pn-reversed",
    "ln p_n of the noise points stands in the reverse order of the points",
    _Reordered(False, _reversed),
    effect=_NO_LONGER,
    fix="G(y_t) = ln p_m(y_t) - ln p_n(y_t); the slip: ln p_n of y reversed",
)

LOG_PN_REVERSED_EVERYWHERE = Mistake(
    "log-pn-reversed-everywhere",
    "ln p_n stands in the reverse order of the points on both samples",
    _Reordered(True, _reversed),
    effect=_NO_LONGER,
    fix="G(u_t) = ln p_m(u_t) - ln p_n(u_t); the slip: ln p_n of both samples reversed",
)

LOG_PN_ROLLED = Mistake(
    "log-pn-rolled",
    "ln p_n of the noise points is that of the next point",
    _Reordered(False, _rolled),
    effect=_NO_LONGER,
    fix="G(y_t) = ln p_m(y_t) - ln p_n(y_t); the slip: ln p_n(y_(t+1))",
)

LOG_PN_SORTED = Mistake(
    "log-pn-sorted",
    "ln p_n of the noise points is sorted, the points are not",
    _Reordered(False, _sorted),
    effect=_NO_LONGER,
    fix="G(y_t) = ln p_m(y_t) - ln p_n(y_t); the slip: ln p_n of y in rising order",
)

MISTAKES = tuple(
    replace(mistake, flat=True)
    for mistake in (
        LOG_PN_ADDED_NOISE,
        LOG_PN_ADDED_DATA,
        LOG_PN_REVERSED,
        LOG_PN_REVERSED_EVERYWHERE,
        LOG_PN_ROLLED,
        LOG_PN_SORTED,
    )
)
