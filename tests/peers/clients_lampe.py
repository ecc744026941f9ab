"""LAMPE: its losses for ratio estimators, with the log-ratios handed in where they would ask the estimator."""

from __future__ import annotations

import torch
from lampe.inference import BNRELoss, NRELoss

from tests.peers.own_losses import HALF, client


def asked(kind, *words):
    def loss(log_ratio_data, log_ratio_noise, nu):
        both = torch.stack([log_ratio_data, log_ratio_noise])
        of_rows = torch.arange(len(log_ratio_data))[:, None]
        return kind(lambda theta, x: both, *words)(of_rows, of_rows)

    return loss


CLIENTS = [
    client("NRELoss", "nce_from_log_ratios/equal", asked(NRELoss), HALF),
    client("BNRELoss, lmbda 0", "nce_from_log_ratios/equal", asked(BNRELoss, 0.0), HALF),
    client(
        "BNRELoss, lmbda 100 (its default)",
        "nce_from_log_ratios/equal",
        asked(BNRELoss),
        HALF,
        "another objective, as documented: a balance term is added",
    ),
]
