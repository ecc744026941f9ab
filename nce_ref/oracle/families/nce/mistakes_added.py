"""Terms added to J or put into it: smoothed labels, penalties, the balance of BNRE, a batch that normalises itself.

Conventions
-----------
penalty   lambda P is subtracted from J (added to a loss), P a sum of squares or their mean; lambda is the mistake's
          number
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Mistake, Number, Objective, Outputs, Steps
from nce_ref.oracle.families.nce.textbook import BinaryNceSteps, NceSteps

_J = "J = mean_x ln h + nu mean_y ln(1 - h)"


class _Smoothed(NceSteps):
    """Both labels ``eps`` away from 1 and 0."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log_h(self, t: Array) -> tuple[Array, Array]:
        (yes, up), (no, down) = self.log_sigmoid(t), self.log_sigmoid(-t)
        return (1.0 - self.eps) * yes + self.eps * no, (1.0 - self.eps) * up - self.eps * down

    def log_one_minus_h(self, t: Array) -> tuple[Array, Array]:
        (yes, up), (no, down) = self.log_sigmoid(t), self.log_sigmoid(-t)
        return self.eps * yes + (1.0 - self.eps) * no, self.eps * up - (1.0 - self.eps) * down


LABEL_SMOOTHING_BOTH = Mistake(
    "label-smoothing-both",
    "labels are smoothed on both samples: 1 - eps for the data, eps for the noise",
    _Smoothed(0.05),
    effect=(
        "The optimum has h between eps and 1 - eps: the log-ratio of data to noise is flattened"
        " where it is large, and no constant repairs it. The usual smoothing of 0.1 is eps = 0.05."
    ),
    fix=(
        f"{_J}; the slip: (1 - eps) ln h + eps ln(1 - h) on the data, the other way round on the"
        " noise"
    ),
    number=Number("eps", _Smoothed, (0.05, 0.1, 0.2, 0.01, 0.3)),
)


class _SquaredRatios(NceSteps):
    """lambda times the mean of G^2 over all points."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        part = self.weight / (ratio_data.size + ratio_noise.size)
        squares = (ratio_data**2).sum() + (ratio_noise**2).sum()
        return (
            value - part * squares,
            of_data - 2.0 * part * ratio_data,
            of_noise - 2.0 * part * ratio_noise,
        )


_PENALISED = (
    "The estimate is that of a penalised objective, biased towards what the penalty prefers however"
    " large the sample is."
)

PENALTY_LOGITS = Mistake(
    "penalty-logits",
    "a penalty on the log-ratios: lambda times the mean of G^2 over all points",
    _SquaredRatios(0.01),
    effect=_PENALISED,
    fix=f"{_J}, without a penalty; the slip: - lambda mean G^2",
    number=Number("lambda", _SquaredRatios, (0.01, 1.0, 0.1, 1e-3, 1e-4)),
)


def _less_squares(
    value: Any, of_data: Array, of_noise: Array, data: Array, noise: Array, w: float
) -> tuple[Any, Array, Array]:
    """An answer less w (mean of the squares over the data + the same over the noise), and less its derivatives."""
    return (
        value - w * ((data**2).mean() + (noise**2).mean()),
        of_data - 2.0 * w / data.size * data,
        of_noise - 2.0 * w / noise.size * noise,
    )


class _SquaredEachSample(NceSteps):
    """lambda times mean_x G^2 + mean_y G^2."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        return _less_squares(value, of_data, of_noise, ratio_data, ratio_noise, self.weight)


PENALTY_LOGITS_MEANS = Mistake(
    "penalty-logits-means",
    "a penalty on the log-ratios: lambda times (mean of G^2 over the data + mean of G^2 over the noise)",
    _SquaredEachSample(0.01),
    effect=_PENALISED,
    fix=f"{_J}, without a penalty; the slip: - lambda (mean_x G^2 + mean_y G^2)",
    number=Number("lambda", _SquaredEachSample, (0.01, 1.0, 0.1, 1e-3, 1e-4)),
)


class _SquaredEnergies(BinaryNceSteps):
    """lambda times mean_x (ln p_m)^2 + mean_y (ln p_m)^2."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().binary(
            model_data, model_noise, noise_data, noise_noise, nu
        )
        return _less_squares(value, of_data, of_noise, model_data, model_noise, self.weight)


PENALTY_ENERGIES = Mistake(
    "penalty-energies",
    "a penalty on the energies: lambda times (mean of (ln p_m)^2 over the data + the same over the noise)",
    _SquaredEnergies(0.01),
    effect=f"{_PENALISED} Here: ln p_m near 0, so c is drawn there too.",
    fix=f"{_J}, without a penalty; the slip: - lambda (mean_x (ln p_m)^2 + mean_y (ln p_m)^2)",
    seen="Du & Mordatch, arXiv 1903.08689, with contrastive divergence",
    number=Number("lambda", _SquaredEnergies, (0.01, 1.0, 0.1, 1e-3, 1e-4)),
    only=("binary_nce",),
)


class _WeightDecay(Steps):
    """lambda times the sum of squares of the model's matrix, c left alone."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def is_possible(self, objective: Objective) -> bool:
        return bool({"B", "precision"} & set(objective.arguments)) and objective.is_mean

    def finish(self, objective: Objective, inputs: Inputs, outputs: Outputs) -> Outputs:
        name = "B" if "B" in objective.arguments else "precision"
        matrix = inputs[name]
        sign = 1.0 if objective.sense == "maximise" else -1.0
        return {
            **outputs,
            "value": outputs["value"] - sign * self.weight * (matrix**2).sum(),
            f"grad_{name}": outputs[f"grad_{name}"] - sign * 2.0 * self.weight * matrix,
        }


WEIGHT_DECAY = Mistake(
    "weight-decay",
    "a penalty on the parameters: lambda times the sum of squares of the model's matrix",
    _WeightDecay(0.005),
    effect=(
        f"{_PENALISED} Here: a smaller B, so wider sources. lambda/2 is twice this lambda in an"
        " optimiser's weight_decay."
    ),
    fix="J alone; the slip: J - lambda sum B^2",
    number=Number("lambda", _WeightDecay, (0.005, 0.01, 0.1, 1.0, 1e-3, 1e-4, 5e-5)),
    only=("laplace_ica_nce", "gaussian_nce"),
)


class _Balance(NceSteps):
    """lambda (mean_x h + mean_y h - 1)^2."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def nce(self, ratio_data: Array, ratio_noise: Array, nu: float) -> tuple[Any, Array, Array]:
        value, of_data, of_noise = super().nce(ratio_data, ratio_noise, nu)
        (h_data, up_data), (h_noise, up_noise) = (
            self._sigmoid(ratio_data - self.log_nu(nu, True)),
            self._sigmoid(ratio_noise - self.log_nu(nu, False)),
        )
        excess = h_data.mean() + h_noise.mean() - 1.0
        slope = 2.0 * self.weight * excess
        return (
            value - self.weight * excess**2,
            of_data - slope / h_data.size * up_data,
            of_noise - slope / h_noise.size * up_noise,
        )

    @staticmethod
    def _sigmoid(t: Array) -> tuple[Array, Array]:
        e = np.exp(-np.abs(t))
        h = np.where(t >= 0, 1.0, e) / (1.0 + e)
        return h, e / (1.0 + e) ** 2


BALANCE = Mistake(
    "balance-term",
    "the balance of BNRE is added: lambda (mean_x h + mean_y h - 1)^2",
    _Balance(100.0),
    effect=(
        "Another objective, on purpose more conservative: h is drawn to be balanced. At nu = 1 its"
        " optimum is the same in the limit, in a finite sample it is not; at another nu, whose"
        " balance is mean_x h + nu mean_y h = 1, it is neither."
    ),
    fix=f"{_J}; the slip: - lambda (mean_x h + mean_y h - 1)^2",
    seen=(
        "Delaunoy et al., arXiv 2208.13624: a method of its own (sbi's BNRE, lampe's BNRELoss),"
        " there with nu = 1"
    ),
    number=Number("lambda", _Balance, (100.0, 10.0, 1.0, 1000.0)),
)


class _BatchNormalised(BinaryNceSteps):
    """ln p_m less its log-sum (or log-mean) over the batch, by which it is differentiated as well."""

    def __init__(self, is_mean: bool) -> None:
        self.is_mean = is_mean

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        top = max(model_data.max(), model_noise.max())
        at_data, at_noise = np.exp(model_data - top), np.exp(model_noise - top)
        total = at_data.sum() + at_noise.sum()
        log_z = top + np.log(total)
        if self.is_mean:
            log_z = log_z - model_data.dtype.type(np.log(model_data.size + model_noise.size))
        value, of_data, of_noise = super().binary(
            model_data - log_z, model_noise - log_z, noise_data, noise_noise, nu
        )
        pull = of_data.sum() + of_noise.sum()
        return value, of_data - pull * at_data / total, of_noise - pull * at_noise / total


_OF_BATCH = (
    "ln p_m is a density over the points of the batch, not over the space: c drops out, and the"
    " estimate changes with the batch's size."
)

BATCH_NORMALISED = Mistake(
    "batch-normalised",
    "the model is normalised over the batch: a log-softmax of ln p_m over data and noise",
    _BatchNormalised(False),
    effect=_OF_BATCH,
    fix="G = ln p_m - ln p_n with c a parameter; the slip: ln p_m - ln sum exp(ln p_m) over the batch",
)

BATCH_NORMALISED_MEAN = Mistake(
    "batch-normalised-mean",
    "the model is normalised over the batch: ln of the mean of p_m over data and noise is subtracted",
    _BatchNormalised(True),
    effect=f"{_OF_BATCH} That mean is no estimate of Z: the points are not drawn evenly.",
    fix="G = ln p_m - ln p_n with c a parameter; the slip: ln p_m - ln mean exp(ln p_m) over the batch",
)


class _EachBatchNormalised(BinaryNceSteps):
    """A log-softmax of ln p_m in each of the two samples."""

    def binary(
        self,
        model_data: Array,
        model_noise: Array,
        noise_data: Array,
        noise_noise: Array,
        nu: float,
    ) -> tuple[Any, Array, Array]:
        (data, share_data), (noise, share_noise) = (
            self._log_softmax(model_data),
            self._log_softmax(model_noise),
        )
        value, of_data, of_noise = super().binary(data, noise, noise_data, noise_noise, nu)
        return (
            value,
            of_data - of_data.sum() * share_data,
            of_noise - of_noise.sum() * share_noise,
        )

    @staticmethod
    def _log_softmax(values: Array) -> tuple[Array, Array]:
        at = np.exp(values - values.max())
        return values - values.max() - np.log(at.sum()), at / at.sum()


EACH_BATCH_NORMALISED = Mistake(
    "each-batch-normalised",
    "the model is normalised over each sample apart: a log-softmax of ln p_m over the data, another over the noise",
    _EachBatchNormalised(),
    effect=f"{_OF_BATCH} And each sample has a constant of its own, so that nothing compares them.",
    fix="G = ln p_m - ln p_n with c a parameter; the slip: log_softmax(ln p_m) of each sample",
)


MISTAKES = tuple(
    replace(mistake, flat=True)
    for mistake in (
        LABEL_SMOOTHING_BOTH,
        PENALTY_LOGITS,
        PENALTY_LOGITS_MEANS,
        PENALTY_ENERGIES,
        WEIGHT_DECAY,
        BALANCE,
        BATCH_NORMALISED,
        BATCH_NORMALISED_MEAN,
        EACH_BATCH_NORMALISED,
    )
)
