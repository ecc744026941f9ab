"""Slips in conditional NCE: which densities make G, what is done with it, how terms are counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake, Number
from nce_ref.oracle.families.conditional.textbook import ConditionalSteps, MaskedConditionalSteps

_G = "G = ln phi(x) + ln p_c(y|x) - ln phi(y) - ln p_c(x|y)"
_L = "L = (2/(kappa n)) sum_ij ln(1 + e^-G_ij)"


class _Gap(ConditionalSteps):
    """``model`` (ln phi(x) - ln phi(y)) + ``there`` ln p_c(y|x) - ``back`` ln p_c(x|y); right: 1 throughout."""

    def __init__(self, there: float = 1.0, back: float = 1.0, model: float = 1.0) -> None:
        self.there, self.back, self.model = there, back, model

    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        of_model, on, off = (model_data.dtype.type(f) for f in (self.model, self.there, self.back))
        found = of_model * (model_data - model_noise) + on * there - off * back
        return found, float(of_model), -float(of_model)


NO_STEPS = Mistake(
    "conditional-no-steps",
    "neither conditional density is there: they are taken to cancel",
    _Gap(0.0, 0.0),
    effect="Right for symmetric steps alone. Else the steps' own drift is written into the model: ln phi "
    "rises where they lead.",
    fix=f"{_G}; the slip: ln phi(x) - ln phi(y)",
)

NO_WAY_BACK = Mistake(
    "conditional-no-way-back",
    "ln p_c(x|y) is missing",
    _Gap(1.0, 0.0),
    effect="A symmetric density no longer cancels: G is off by ln p_c, and the model by as much.",
    fix=f"{_G}; the slip: ln phi(x) + ln p_c(y|x) - ln phi(y)",
)

NO_WAY_THERE = Mistake(
    "conditional-no-way-there",
    "ln p_c(y|x) is missing",
    _Gap(0.0, 1.0),
    effect="A symmetric density no longer cancels: G is off by ln p_c, and the model by as much.",
    fix=f"{_G}; the slip: ln phi(x) - ln phi(y) - ln p_c(x|y)",
)

STEPS_SWAPPED = Mistake(
    "conditional-steps-swapped",
    "the two conditional densities are exchanged: the argument that is given stands in the other place",
    _Gap(-1.0, -1.0),
    effect="The steps' drift counts twice, the wrong way round. Nothing to see with symmetric steps.",
    fix=f"{_G}; the slip: ... + ln p_c(x|y) - ln p_c(y|x)",
)

STEPS_ADDED = Mistake(
    "conditional-way-back-added",
    "ln p_c(x|y) is added instead of subtracted",
    _Gap(1.0, -1.0),
    effect="G is off by twice ln p_c(x|y): nothing is right, symmetric steps least of all.",
    fix=f"{_G}; the slip: ... + ln p_c(x|y)",
)

MODEL_SWAPPED = Mistake(
    "conditional-model-swapped",
    "ln phi(y) - ln phi(x): the model's ratio is upside down",
    _Gap(model=-1.0),
    effect="The model avoids the data: with symmetric steps its optimum is 1/p_d.",
    fix=f"{_G}; the slip: ln phi(y) - ln phi(x) + ...",
)

STEPS_HALVED = Mistake(
    "conditional-steps-halved",
    "half of the conditional densities: a factor 1/2 too many in their exponents",
    _Gap(0.5, 0.5),
    effect="Half of the steps' drift is written into the model. Nothing to see with symmetric steps.",
    fix=f"{_G}; the slip: (1/2)(ln p_c(y|x) - ln p_c(x|y))",
)


def _tempered(t: float) -> _Gap:
    return _Gap(1.0 / t, 1.0 / t, 1.0 / t)


TEMPERED = Mistake(
    "conditional-tempered",
    "G is divided by a temperature",
    _tempered(0.5),
    effect="With symmetric steps the optimum is p_d to the power t: too flat or too steep.",
    fix=f"{_L}; the slip: ln(1 + e^(-G/t))",
    number=Number("t", _tempered, (0.5, 0.1, 0.07, 2.0)),
)


class _LessLogKappa(ConditionalSteps):
    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        found, up, across = super().gap(model_data, model_noise, there, back)
        return found - found.dtype.type(np.log(found.shape[1])), up, across


LESS_LOG_KAPPA = Mistake(
    "conditional-less-log-kappa",
    "ln kappa is subtracted from G, as binary NCE subtracts ln nu",
    _LessLogKappa(),
    effect="There is one pair in either order, whatever kappa: the classes are balanced. No c takes the "
    "constant up, and the model is too steep. "
    "Nothing to see at kappa = 1.",
    fix=f"{_G}; the slip: G - ln kappa",
)


class _Neighbour(ConditionalSteps):
    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        steps = (np.roll(one, 1, axis=0) for one in (there, back))
        return super().gap(model_data, model_noise, *steps)


STEPS_OF_NEIGHBOUR = Mistake(
    "conditional-steps-of-another-row",
    "the conditional densities are those of the row before: one draw evaluated, another one used",
    _Neighbour(),
    effect="G has another pair's drift. Nothing to see with one row, or with symmetric steps.",
    fix=f"{_G}, x and y of one pair throughout; the slip: ln p_c of the pair before",
)


class _OneGap(ConditionalSteps):
    def gap(
        self, model_data: Array, model_noise: Array, there: Array, back: Array
    ) -> tuple[Array, float, float]:
        found, up, across = super().gap(model_data, model_noise, there, back)
        mean = found.mean(axis=1, keepdims=True)
        return np.broadcast_to(mean, found.shape).copy(), up, across


AVERAGED_INSIDE = Mistake(
    "conditional-averaged-inside",
    "G is averaged over a row's noise points before the logarithm",
    _OneGap(),
    effect="A datum is compared with the geometric mean of its neighbours: another optimum. Nothing to see at"
    " kappa = 1.",
    fix=f"{_L}; the slip: ln(1 + e^-mean_j G_ij)",
)


class _Swapped(ConditionalSteps):
    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        value, slope = super().pair_terms(-gap)
        return value, -slope


LABELS_SWAPPED = Mistake(
    "conditional-labels-swapped",
    "ln(1 + e^G): the orders are exchanged",
    _Swapped(),
    effect="The model avoids the data, and counts the steps' drift the wrong way round.",
    fix=f"{_L}; the slip: ln(1 + e^G)",
)


class _Probability(ConditionalSteps):
    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        log_hit, missed = self.log_sigmoid(gap)
        return missed, -missed * np.exp(log_hit)


NOT_LOGGED = Mistake(
    "conditional-not-logged",
    "the probability of the wrong order, not its cost: 1 - sigma(G)",
    _Probability(),
    effect="Pairs that are badly wrong no longer pull; the optimum ranks, and estimates no density.",
    fix=f"{_L}; the slip: sigma(-G)",
)


class _Hinge(ConditionalSteps):
    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        return np.maximum(1.0 - gap, 0.0), np.where(gap < 1.0, -1.0, 0.0).astype(gap.dtype)


HINGE = Mistake(
    "conditional-hinge",
    "a hinge for each pair of orders in the place of the logistic loss",
    _Hinge(),
    effect="It ranks, and estimates no density.",
    fix=f"{_L}; the slip: max(0, 1 - G)",
)


class _Exponential(ConditionalSteps):
    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        power = np.exp(-gap)
        return power, -power


EXPONENTIAL = Mistake(
    "conditional-exponential",
    "e^-G in the place of ln(1 + e^-G): exponential loss",
    _Exponential(),
    effect="The optimum's G is half of what it should be, and one bad pair outweighs all others.",
    fix=f"{_L}; the slip: e^-G",
)


class _Smoothed(ConditionalSteps):
    """Labels 1 - eps and eps; right: eps = 0."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def pair_terms(self, gap: Array) -> tuple[Array, Array]:
        value, slope = super().pair_terms(gap)
        eps = gap.dtype.type(self.eps)
        return value + eps * gap, slope + eps


SMOOTHED = Mistake(
    "conditional-labels-smoothed",
    "labels are smoothed: 1 - eps for the right order, eps for the other",
    _Smoothed(0.05),
    effect="sigma(G) is drawn to 1/2 at the optimum: the model is too flat.",
    fix=f"{_L}; the slip: eps G besides",
    number=Number("eps", _Smoothed, (0.05, 0.1, 0.01)),
)


class _OtherMean(ConditionalSteps):
    """Divided by a function of kappa; right: kappa."""

    def __init__(self, of: Callable[[Array], Array]) -> None:
        self.of = of

    def over_noise(self, losses: Array, kappa: Array) -> tuple[Array, Array]:
        rows, shares = super().over_noise(losses, kappa)
        factor = np.where(kappa > 0.0, kappa / np.maximum(self.of(kappa), 1.0), 0.0)
        factor = factor.astype(losses.dtype)
        return factor[:, 0] * rows, factor * shares


WITH_DATUM = Mistake(
    "conditional-datum-counted",
    "a row is divided by kappa + 1: the datum is counted among its noise points",
    _OtherMean(lambda kappa: kappa + 1.0),
    effect="None on the optimum; losses for different kappa cannot be compared.",
    fix=f"{_L}; the slip: 2/((kappa + 1) n)",
)


class _Hardest(ConditionalSteps):
    def over_noise(self, losses: Array, kappa: Array) -> tuple[Array, Array]:
        top = losses.max(axis=1, keepdims=True)
        at = (losses == top) & (kappa > 0.0)
        share = (at / np.maximum(at.sum(axis=1, keepdims=True), 1)).astype(losses.dtype)
        return (share * losses).sum(axis=1), share


HARDEST = Mistake(
    "conditional-hardest",
    "the largest loss of a row stands for all of them",
    _Hardest(),
    effect="The noise is no longer drawn from p_c, and the optimum not p_d. Nothing to see at kappa = 1.",
    fix=f"{_L}; the slip: max_j",
)


class _First(ConditionalSteps):
    def over_noise(self, losses: Array, kappa: Array) -> tuple[Array, Array]:
        share = np.zeros_like(losses)
        share[:, 0] = 1.0
        return losses[:, 0], share


FIRST = Mistake(
    "conditional-first-noise-point",
    "the first noise point of each row alone",
    _First(),
    effect="None on the optimum: kappa = 1 and its variance. Nothing to see at kappa = 1.",
    fix=f"{_L}; the slip: j = 1",
)


class _Columns(MaskedConditionalSteps):
    def n_counted(self, mask: Array) -> Array:
        return np.full((len(mask), 1), mask.shape[1], dtype=mask.dtype)


KAPPA_OF_COLUMNS = Mistake(
    "conditional-kappa-of-columns",
    "kappa is the number of columns, what is masked included",
    _Columns(),
    effect="Rows with few noise points count less: weights of the data, none on the optimum where they have "
    "nothing to do with x.",
    fix="kappa_i counts the noise points of row i; the slip: mask.shape[1]",
)


class _OfBatch(MaskedConditionalSteps):
    def n_counted(self, mask: Array) -> Array:
        return np.full((len(mask), 1), max(float(mask.sum()) / len(mask), 1e-3), dtype=mask.dtype)

    def over_noise(self, losses: Array, kappa: Array) -> tuple[Array, Array]:
        share = (1.0 / kappa).astype(losses.dtype)
        return (share * losses).sum(axis=1), np.broadcast_to(share, losses.shape)


MEAN_OF_TERMS = Mistake(
    "conditional-mean-of-terms",
    "one mean over all noise points that count, not a mean of the rows' means",
    _OfBatch(),
    effect="Rows with many noise points count more: weights of the data, none on the optimum where they have "
    "nothing to do with x.",
    fix="(1/n) sum_i (1/kappa_i) sum_j; the slip: sum_ij/sum_ij m_ij",
    only=("conditional_nce/masked",),
)

MISTAKES = (
    NO_STEPS,
    NO_WAY_BACK,
    NO_WAY_THERE,
    STEPS_SWAPPED,
    STEPS_ADDED,
    MODEL_SWAPPED,
    STEPS_HALVED,
    TEMPERED,
    LESS_LOG_KAPPA,
    STEPS_OF_NEIGHBOUR,
    AVERAGED_INSIDE,
    LABELS_SWAPPED,
    NOT_LOGGED,
    HINGE,
    EXPONENTIAL,
    SMOOTHED,
    WITH_DATUM,
    HARDEST,
    FIRST,
    KAPPA_OF_COLUMNS,
    MEAN_OF_TERMS,
)
