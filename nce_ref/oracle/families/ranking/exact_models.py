r"""Ranking NCE and contrastive neural ratio estimation with their derivatives, to 40 digits, from the standard library
and ``numbers``.

    ranking NCE   InfoNCE of s = ln phi - ln p_n; of the Laplace ICA model t_j = s_ij - s_i = a_j + b_j sqrt 2, and by
                  B_kl dL/dB = -sqrt(2) (1/n) sum_i sum_j w_ij (sign(b_k . y_ij) y_ijl - sign(b_k . x_i) x_il)
    NRE-C         no pair:  x = (gamma/K) sum_k e^(f_k),                                   L_0 = ln(1 + x),
    dL_0/df_k = (gamma/K) e^(f_k)/(1 + x)
                  a pair:   x = (K/gamma) e^(-f_1) + sum_{k>1} e^(f_k - f_1),              L_1 = ln(1 + x),
                  dL_1/df_1 = -x/(1 + x), ...
                  L = (1/n) sum [L_0 + gamma L_1]/(1 + gamma)

Conventions
-----------
x (n, n_dim), y (n, K, n_dim): noise own to each datum; logits (n, K), K >= 1, the pair in column 0 of logits_joint;
gamma > 0
ValueError   a shape that does not fit, NaN or inf, a covariance that is none, gamma <= 0
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from nce_ref.oracle.families.densities.exact import gaussian, laplace_ica
from nce_ref.oracle.families.ranking.exact import info_nce_from_logits
from nce_ref.oracle.numbers.balls import TINY, ZERO, Ball, ball, settled, sqrt, total
from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Numbers,
    Points,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
    dot,
    sign,
)
from nce_ref.oracle.numbers.logarithms import DIGITS, ExactLog, Outputs


def ranking_nce(
    log_model_data: Numbers,
    log_model_noise: Sequence[Numbers],
    log_noise_data: Numbers,
    log_noise_noise: Sequence[Numbers],
    *,
    digits: int = DIGITS,
) -> Outputs:
    """L of log-densities, every one exact."""
    model = as_fractions("log_model_data", log_model_data)
    n, width = len(model), len(log_model_noise[0])
    noise = as_fractions("log_noise_data", log_noise_data, n)
    models = as_rows("log_model_noise", log_model_noise, width)
    noises = as_rows("log_noise_noise", log_noise_noise, width)
    if not len(models) == len(noises) == n:
        raise ValueError(
            f"log_model_noise, log_noise_noise: got {len(models)} and {len(noises)} rows; expected {n}"
        )
    data = [a - b for a, b in zip(model, noise)]
    rows = [[a - b for a, b in zip(*row)] for row in zip(models, noises)]
    found = info_nce_from_logits(data, rows, digits=digits)
    return {
        "value": found["value"],
        "grad_log_model_data": found["grad_logit_positive"],
        "grad_log_model_noise": found["grad_logits_negative"],
    }


def laplace_ica_ranking_nce(
    B: Points,
    x: Points,
    y: Sequence[Points],
    noise_mean: Numbers,
    noise_cov: Points,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """L of the Laplace ICA model under Gaussian noise: both constants cancel within a row."""
    rows = as_square("B", B)
    n_dim, data = len(rows), as_rows("x", x, len(rows))
    noise = [as_rows("y", own, n_dim) for own in y]
    if len(noise) != len(data) or any(len(own) != len(noise[0]) for own in noise):
        raise ValueError(
            f"y: got {[len(own) for own in noise]} rows; expected as many for each of {len(data)}"
        )
    log_model = laplace_ica(rows, ExactLog())
    log_noise = gaussian(as_fractions("noise_mean", noise_mean, n_dim), "noise_cov", noise_cov)
    share = Fraction(1, len(data))

    def slopes(u: Sequence[Fraction]) -> list[list[Fraction]]:
        signs = [sign(dot(row, list(u))) for row in rows]
        return [[s * v for v in u] for s in signs]

    def log_ratio(u: list[Fraction]) -> ExactLog:
        return log_model(u) - log_noise(u)

    gaps = [[log_ratio(v) - log_ratio(u) for v in own] for u, own in zip(data, noise, strict=True)]
    turns = [
        [[[a - b for a, b in zip(*pair)] for pair in zip(slopes(v), slopes(u))] for v in own]
        for u, own in zip(data, noise)
    ]

    def run() -> dict[str, Any]:
        root, value = sqrt(Fraction(2)), Ball(ZERO)
        grad = [[Ball(ZERO) for _ in range(n_dim)] for _ in range(n_dim)]
        for row, turned in zip(gaps, turns):
            powers = [(ball(t.rational) + ball(t.sqrt2) * root).exp() for t in row]
            x = total(powers)
            value = value + ball(share) * x.log_one_plus()
            for power, of_B in zip(powers, turned):
                w = -(ball(share) * root * power / (ball(1) + x))
                for k, l in ((k, l) for k in range(n_dim) for l in range(n_dim) if of_B[k][l]):
                    grad[k][l] = grad[k][l] + w * ball(of_B[k][l])
        return {"value": value, "grad_B": grad}

    return settled(run, digits, TINY)


def nre_c(
    logits_marginal: Sequence[Numbers],
    logits_joint: Sequence[Numbers],
    gamma: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """L of rows without a pair and of rows with one in front."""
    width, odds = len(logits_joint[0]), as_fraction("gamma", gamma)
    if odds <= 0:
        raise ValueError(f"gamma: got {gamma}; expected a number above 0")
    joint = as_rows("logits_joint", logits_joint, width)
    marginal = as_rows("logits_marginal", logits_marginal, width)
    if len(marginal) != len(joint):
        raise ValueError(f"logits_marginal: got {len(marginal)} rows; expected {len(joint)}")
    none, pair = 1 / ((1 + odds) * len(joint)), odds / ((1 + odds) * len(joint))

    def run() -> dict[str, Any]:
        value = Ball(ZERO)
        of_marginal, of_joint = [], []
        for row in marginal:
            powers = [ball(odds / width) * ball(f).exp() for f in row]
            x = total(powers)
            value = value + ball(none) * x.log_one_plus()
            of_marginal.append([ball(none) * power / (ball(1) + x) for power in powers])
        for own, *others in joint:
            powers = [ball(f - own).exp() for f in others]
            x = ball(width / odds) * ball(-own).exp() + total(powers)
            value = value + ball(pair) * x.log_one_plus()
            below = ball(1) + x
            of_joint.append(
                [-(ball(pair) * x / below), *(ball(pair) * power / below for power in powers)]
            )
        return {
            "value": value,
            "grad_logits_marginal": of_marginal,
            "grad_logits_joint": of_joint,
        }

    return settled(run, digits, TINY)
