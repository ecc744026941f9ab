"""contrastive-ne: its InfoNCE of cosines, with the neighbours handed in that it would draw.

It multiplies the loss by temperature/base_temperature, as SupCon's authors do: base_temperature is the
temperature here.
"""

from __future__ import annotations

import torch
from cne.cne import ContrastiveLoss

from tests.peers.own_losses import client


def loss_of(mode):
    def loss(anchors, positives, temperature):
        n = len(anchors)
        found = ContrastiveLoss(
            n - 1, mode, "cosine", 1.0, 1.0, clamp_low=-float("inf"), clamp_high=float("inf")
        )
        own = torch.arange(n)
        others = torch.stack([own[own != i] for i in range(n)])
        found.neigh_inds = n + torch.cat([own[:, None], others], dim=1)
        return found(torch.cat([anchors, positives]), log_temp=torch.log(temperature))

    return loss


CLIENTS = [
    client(
        "ContrastiveLoss, infonce, cosine",
        "info_nce_in_batch",
        loss_of("infonce"),
        remark="temperatures below 0.02 are clamped, as a comment says",
    ),
]
