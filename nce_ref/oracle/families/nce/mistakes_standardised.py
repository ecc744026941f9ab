"""Log-ratios or logits standardised over the batch, as a batch normalisation in front of the loss does."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.nce.textbook import NceSteps

_J = "J = mean_x ln h + nu mean_y ln(1 - h), h = sigma(G - ln nu)"


class _Standardised(NceSteps):
    """The G (or t) of all points less their mean, over their standard deviation, through which it is differentiated."""

    def __init__(self, eps: float, of_logits: bool = False) -> None:
        self.eps, self.of_logits = eps, of_logits

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        every = np.concatenate([ratio_data.ravel(), ratio_noise.ravel()])
        centred = every - every.mean()
        deviation = np.sqrt((centred**2).mean() + every.dtype.type(self.eps))
        z = centred / deviation
        data, noise = z[: ratio_data.size], z[ratio_data.size :]
        if self.of_logits:  # what is subtracted later
            kind = every.dtype.type
            data, noise = (
                one + kind(self.log_nu(nu, is_data))
                for one, is_data in ((data, True), (noise, False))
            )
        value, of_data, of_noise = super().nce(data, noise, nu)
        of_z = np.concatenate([of_data, of_noise])
        of_every = (of_z - of_z.mean() - z * (of_z * z).mean()) / deviation
        return value, of_every[: ratio_data.size], of_every[ratio_data.size :]


def _standardised_logits(eps: float) -> _Standardised:
    return _Standardised(eps, True)


_OF_THE_BATCH = (
    "The log-ratio of a point changes with the batch that it stands in: its scale and its constant are lost, so "
    "neither B nor c is estimated, and values do not compare between batches."
)


RATIOS_STANDARDISED = Mistake(
    "ratios-standardised",
    "batch normalisation of the log-ratios: less their mean over data and noise, over their standard deviation",
    _Standardised(1e-5),
    effect=_OF_THE_BATCH,
    fix=f"{_J}; the slip: (G - mean G)/sqrt(var G + eps) for G",
    number=Number("eps", _Standardised, (1e-5, 1e-3, 1e-8)),
)


LOGITS_STANDARDISED = Mistake(
    "logits-standardised",
    "batch normalisation of the logits: G - ln nu less its mean over data and noise, over its standard deviation",
    _standardised_logits(1e-5),
    effect=_OF_THE_BATCH,
    fix=f"{_J}; the slip: (t - mean t)/sqrt(var t + eps) for t = G - ln nu",
    number=Number("eps", _standardised_logits, (1e-5, 1e-3, 1e-8)),
)


MISTAKES = (RATIOS_STANDARDISED, LOGITS_STANDARDISED)
