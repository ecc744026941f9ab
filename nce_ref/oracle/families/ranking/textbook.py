r"""InfoNCE, ranking NCE and contrastive ratio estimation in plain NumPy, cut into steps that a mistake can replace.

    L = mean_i softplus(z_i),  z_i = ln sum_j e^{s_ij} - s_i:   the first by its largest term, so that nothing overflows
    dL/ds_i = -sigma(z_i)/n,    dL/ds_ij = sigma(z_i) w_ij/n,    w_i = softmax of the row's negatives
    ranking NCE: s = ln phi - ln p_n;   NRE-C: a row of K logits f against ln K - ln gamma, which stands for "no pair among them"

Conventions
-----------
positive, negatives   (n,), (n, m): rows are anchors
z, losses, slopes     (n,): the negatives' log-sum less the positive, softplus(z), and its derivative sigma(z)
"""  # noqa: E501

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Outputs, Steps
from nce_ref.oracle.families.densities.textbook import LaplaceSteps, NoiseSteps


class InfoNCESteps(Steps):
    """The right steps."""

    def logits(self, positive: Array, negatives: Array) -> tuple[Array, Array, float, float]:
        """The logits as the loss takes them, and their slopes by those handed in."""
        return positive, negatives, 1.0, 1.0

    def log_sum(self, negatives: Array) -> tuple[Array, Array]:
        """ln sum_j e^{s_j} of each row, and its slope, the softmax of the row; -inf and 0 where every s_j is -inf."""
        top = negatives.max(axis=1, keepdims=True)
        powers = np.exp(negatives - np.where(top == -np.inf, 0.0, top))
        total = powers.sum(axis=1, keepdims=True)
        return (top + np.log(total))[:, 0], powers / np.where(total == 0.0, 1.0, total)

    def loss(self, z: Array) -> tuple[Array, Array]:
        """softplus(z) = ln(1 + e^z), and sigma(z)."""
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0.0) + np.log1p(e), np.where(z >= 0, 1.0, e) / (1.0 + e)

    def rows(self, positive: Array, negatives: Array) -> tuple[Array, Array, Array]:
        """The loss of each row, and its derivatives by the row's positive and negatives."""
        log_sum, shares = self.log_sum(negatives)
        losses, slopes = self.loss(log_sum - positive)
        return losses, -slopes, slopes[:, None] * shares

    def mean(self, losses: Array) -> tuple[Any, Array]:
        """The mean over the rows, and the weight of each in it."""
        return losses.mean(), np.full_like(losses, 1.0 / len(losses))


def info_nce_from_logits(
    steps: InfoNCESteps, logit_positive: Array, logits_negative: Array
) -> Outputs:
    """L and its derivatives."""
    positive, negatives, up, across = steps.logits(logit_positive, logits_negative)
    losses, of_positive, of_negatives = steps.rows(positive, negatives)
    value, weights = steps.mean(losses)
    return {
        "value": value,
        "grad_logit_positive": up * weights * of_positive,
        "grad_logits_negative": across * weights[:, None] * of_negatives,
    }


class RankingSteps(InfoNCESteps):
    """The right steps of ranking NCE."""

    def score(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        """s = ln phi - ln p_n, and its slope by ln phi."""
        return log_model - log_noise, 1.0


class LaplaceRankingSteps(RankingSteps, NoiseSteps, LaplaceSteps):
    """The right steps of ranking NCE of the Laplace ICA model with Gaussian noise."""


class NreSteps(InfoNCESteps):
    """The right steps of contrastive neural ratio estimation."""

    def log_odds(self, gamma: float, n_contrasts: int, is_joint: bool) -> float:
        """ln K - ln gamma: what stands for "none of them is from the joint law"."""
        return math.log(n_contrasts) - math.log(gamma)

    def class_weights(self, gamma: float, n_contrasts: int) -> tuple[float, float]:
        """How much the rows without a pair count, and those with one."""
        return 1.0 / (1.0 + gamma), gamma / (1.0 + gamma)

    def marginal_row(self, odds: Array, logits: Array) -> tuple[Array, Array, Array]:
        """The loss of a row without a pair, and its derivatives: the odds are the positive."""
        return self.rows(odds, logits)

    def joint_row(self, odds: Array, own: Array, others: Array) -> tuple[Array, Array, Array]:
        """The loss of a row with a pair in front: the odds are a negative more."""
        negatives = np.concatenate([others, odds[:, None]], axis=1)
        losses, of_own, of_negatives = self.rows(own, negatives)
        return losses, of_own, of_negatives[:, :-1]


def ranking(steps: InfoNCESteps, positive: Array, negatives: Array) -> tuple[Any, Array, Array]:
    """L and its derivatives by the logits."""
    found = info_nce_from_logits(steps, positive, negatives)
    return found["value"], found["grad_logit_positive"], found["grad_logits_negative"]


def ranking_nce(
    steps: RankingSteps,
    log_model_data: Array,
    log_model_noise: Array,
    log_noise_data: Array,
    log_noise_noise: Array,
) -> Outputs:
    """L and its derivatives by ln phi."""
    data, up = steps.score(log_model_data, log_noise_data, True)
    noise, across = steps.score(log_model_noise, log_noise_noise, False)
    value, of_data, of_noise = ranking(steps, data, noise)
    return {
        "value": value,
        "grad_log_model_data": up * of_data,
        "grad_log_model_noise": across * of_noise,
    }


def laplace_ica_ranking_nce(
    steps: LaplaceRankingSteps, B: Array, x: Array, y: Array, noise_mean: Array, noise_cov: Array
) -> Outputs:
    """L and its derivative by B."""
    n, K, n_dim = y.shape
    every = y.reshape(n * K, n_dim)
    model_data, back_data = steps.laplace(B, 0.0, steps.model_points(x, noise_mean), True)
    model_noise, back_noise = steps.laplace(B, 0.0, steps.model_points(every, noise_mean), False)
    mean, cov = steps.noise_law(noise_mean, noise_cov, every)
    noise_data = steps.noise_log_density(x, mean, cov, True)
    noise_noise = steps.noise_log_density(every, mean, cov, False)
    data, up = steps.score(model_data, noise_data, True)
    noise, across = steps.score(model_noise, noise_noise, False)
    value, of_data, of_noise = ranking(steps, data, noise.reshape(n, K))
    of_every = across * of_noise.reshape(n * K)
    return {"value": value, "grad_B": back_data(up * of_data)[0] + back_noise(of_every)[0]}


def nre_c(steps: NreSteps, logits_marginal: Array, logits_joint: Array, gamma: float) -> Outputs:
    """L and its derivatives by both kinds of logit."""
    K = logits_joint.shape[1]
    both = np.concatenate([logits_joint[:, 1:], logits_marginal], axis=1)
    own, scaled, up, across = steps.logits(logits_joint[:, 0], both)
    others, marginal = scaled[:, : K - 1], scaled[:, K - 1 :]
    odds = [np.full_like(own, steps.log_odds(gamma, K, is_joint)) for is_joint in (False, True)]
    of_none, _, none_slopes = steps.marginal_row(odds[0], marginal)
    of_pair, own_slope, other_slopes = steps.joint_row(odds[1], own, others)
    value_none, share_none = steps.mean(of_none)
    value_pair, share_pair = steps.mean(of_pair)
    without, with_pair = steps.class_weights(gamma, K)
    return {
        "value": without * value_none + with_pair * value_pair,
        "grad_logits_marginal": without * across * share_none[:, None] * none_slopes,
        "grad_logits_joint": with_pair
        * share_pair[:, None]
        * np.concatenate([(up * own_slope)[:, None], across * other_slopes], axis=1),
    }
