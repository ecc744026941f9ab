"""info-nce-pytorch: with negatives of the batch, an anchor's own, all anchors'.

It has no mask: it is called row by row then."""

from __future__ import annotations

import info_nce
import torch

from tests.peers.own_losses import client


def paired(anchors, positives, negatives, mask, temperature):
    """Row by row, with the negatives that the mask keeps."""
    losses = [
        info_nce.info_nce(
            a[None], p[None], own[None, kept > 0], temperature=temperature, negative_mode="paired"
        )
        for a, p, own, kept in zip(anchors, positives, negatives, mask)
    ]
    return torch.stack(losses).mean()


def unpaired(anchors, positives, negatives, mask, temperature):
    """At once where nothing is masked, else row by row."""
    if mask.all():
        return info_nce.info_nce(anchors, positives, negatives, temperature=temperature)
    losses = [
        info_nce.info_nce(a[None], p[None], negatives[kept > 0], temperature=temperature)
        for a, p, kept in zip(anchors, positives, mask)
    ]
    return torch.stack(losses).mean()


def in_batch(anchors, positives, temperature):
    return info_nce.info_nce(anchors, positives, temperature=temperature)


CLIENTS = [
    client("info_nce, in-batch", "info_nce_in_batch", in_batch),
    client("info_nce, paired", "info_nce", paired),
    client("info_nce, unpaired", "info_nce_unpaired", unpaired),
]
