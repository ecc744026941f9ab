"""sbi: the losses of its ratio estimators, with the logits handed in where they would ask the network."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from sbi.inference import BNRE, NRE_A, NRE_B, NRE_C

from tests.peers.own_losses import BCE_OF_PAIRS, client


def trainer(kind, *logits):
    """Of the trainer just what ``_loss`` asks for; ``logits`` in the order of its calls."""
    calls = iter(logits)
    priors = getattr(kind, "_get_prior_probs_marginal_and_joint", None)
    return SimpleNamespace(
        _device="cpu",
        _classifier_logits=lambda theta, x, num_atoms: next(calls),
        _get_prior_probs_marginal_and_joint=priors,
    )


def alternating(log_ratio_data, log_ratio_noise):
    return torch.stack([log_ratio_data, log_ratio_noise], dim=1).reshape(-1, 1)


def rows(count):
    return torch.zeros(count, 1)


def nre_a(log_ratio_data, log_ratio_noise, nu):
    n, logits = len(log_ratio_data), alternating(log_ratio_data, log_ratio_noise)
    return NRE_A._loss(trainer(NRE_A, logits), rows(n), rows(n), 2)


def bnre(strength):
    def loss(log_ratio_data, log_ratio_noise, nu):
        n, logits = len(log_ratio_data), alternating(log_ratio_data, log_ratio_noise)
        return BNRE._loss(trainer(BNRE, logits), rows(n), rows(n), 2, strength)

    return loss


def nre_b(logit_positive, logits_negative):
    logits = torch.cat([logit_positive[:, None], logits_negative], dim=1)
    n, atoms = logits.shape
    return NRE_B._loss(trainer(NRE_B, logits.reshape(-1, 1)), rows(n), rows(n), atoms)


def nre_c(logits_marginal, logits_joint, gamma):
    n, k = logits_joint.shape
    marginal = torch.cat([logits_joint[:, :1].detach(), logits_marginal], dim=1)
    calls = (marginal.reshape(-1, 1), logits_joint.reshape(-1, 1))
    return NRE_C._loss(trainer(NRE_C, *calls), rows(n), rows(n), k + 1, gamma)


_OF_PROBABILITIES = "BCELoss of sigmoid, whose ln is cut off at -100"
CLIENTS = [
    client("NRE_A._loss", "nce_from_log_ratios/equal", nre_a, BCE_OF_PAIRS, _OF_PROBABILITIES),
    client(
        "BNRE._loss, strength 0",
        "nce_from_log_ratios/equal",
        bnre(0.0),
        BCE_OF_PAIRS,
        _OF_PROBABILITIES,
    ),
    client(
        "BNRE._loss, strength 100 (its default)",
        "nce_from_log_ratios/equal",
        bnre(100.0),
        BCE_OF_PAIRS,
        "another objective, as documented: a balance term is added",
    ),
    client("NRE_B._loss", "info_nce_from_logits", nre_b),
    client("NRE_C._loss", "nre_c", nre_c),
]
