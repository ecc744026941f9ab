"""Gradients of conditional NCE written by hand, or cut off: the value is right."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Mistake
from nce_ref.oracle.families.by_hand import Finish
from nce_ref.oracle.families.conditional.textbook import ConditionalSteps

_X = "dL/dln phi(x_i) = -(2/(kappa n)) sum_j sigma(-G_ij)"
_Y = "dL/dln phi(y_ij) = (2/(kappa n)) sigma(-G_ij)"
_CHECK = "A finite-difference check sees it."


class _Pulled(ConditionalSteps):
    """Slopes of G by ln phi(x) and ln phi(y) multiplied; right: 1 and 1."""

    def __init__(self, of_data: float, of_noise: float) -> None:
        self.of_data, self.of_noise = of_data, of_noise

    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        found, up, across = super().gap(model_data, model_noise, there, back)
        return found, self.of_data * up, self.of_noise * across


NOISE_DETACHED = Mistake(
    "conditional-noise-detached",
    "no gradient reaches ln phi(y)",
    _Pulled(1.0, 0.0),
    effect=f"ln phi rises on the data with nothing against it. {_CHECK}",
    fix=f"{_Y}; the slip: 0",
    gradient=True,
)

DATA_DETACHED = Mistake(
    "conditional-data-detached",
    "no gradient reaches ln phi(x)",
    _Pulled(0.0, 1.0),
    effect=f"ln phi falls on the noise with nothing against it. {_CHECK}",
    fix=f"{_X}; the slip: 0",
    gradient=True,
)

NOISE_PULLED = Mistake(
    "conditional-noise-pulled",
    "the gradient by ln phi(y) has the sign of that by ln phi(x)",
    _Pulled(1.0, -1.0),
    effect=f"ln phi rises everywhere, which a model without c does not even see. {_CHECK}",
    fix=f"{_Y}; the slip: its negative",
    gradient=True,
)


class _Certain(ConditionalSteps):
    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        value, slope = super().pair_terms(gap)
        return value, np.full_like(slope, -1.0)


CERTAIN = Mistake(
    "conditional-slope-minus-one",
    "the slope is -1: sigma(-G) is forgotten",
    _Certain(),
    effect=f"Pairs in the right order pull as hard as those in the wrong one: ln phi grows for ever. {_CHECK}",
    fix=f"{_X}; the slip: -2/n",
    gradient=True,
)


def _averaged(of_data: Array, inputs: Inputs) -> Array:
    return of_data / of_data.dtype.type(inputs["log_model_noise"].shape[1])


DATA_AVERAGED = Mistake(
    "conditional-gradient-averaged-twice",
    "the gradient by ln phi(x) is divided by kappa once more: a mean for a sum",
    Finish("grad_log_model_data", _averaged),
    effect=f"The data pull kappa times less than the noise pushes. Nothing to see at kappa = 1. {_CHECK}",
    fix=f"{_X}; the slip: mean_j",
    gradient=True,
    only=("conditional_nce",),
)

MISTAKES = (
    NOISE_DETACHED,
    DATA_DETACHED,
    NOISE_PULLED,
    CERTAIN,
    DATA_AVERAGED,
)
