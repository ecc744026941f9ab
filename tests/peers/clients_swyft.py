"""swyft: the loss of its Lightning module, with the log-ratios handed in where it would ask the network.

It subtracts 2 ln 2 a ratio, the loss at log-ratios of 0, as its docstring says: the client adds that again.
"""

from __future__ import annotations

import math

import torch
from swyft.lightning.core import SwyftModule

from nce_ref.oracle import Convention
from tests.peers.own_losses import client


class Given:
    """Of the module just what ``_calc_loss`` asks for."""

    def __init__(self, log_ratios):
        self.log_ratios = log_ratios

    def __call__(self, x, z):
        return None

    def _get_logratios(self, out):
        return self.log_ratios

    def _get_aux_losses(self, out):
        return None


def less_chance(log_ratio_data, log_ratio_noise, nu):
    log_ratios = torch.cat([log_ratio_data, log_ratio_noise])[:, None]
    batch = {"x": torch.zeros(len(log_ratio_data), 1)}
    return SwyftModule._calc_loss(Given(log_ratios), [batch, batch])


def whole(**inputs):
    return less_chance(**inputs) + 2 * math.log(2)


_LOSS = Convention(sense="minimise")
CLIENTS = [
    client("SwyftModule._calc_loss + 2 ln 2", "nce_from_log_ratios/equal", whole, _LOSS),
    client(
        "SwyftModule._calc_loss",
        "nce_from_log_ratios/equal",
        less_chance,
        _LOSS,
        "less its value at chance, 2 ln 2, as documented",
    ),
]
