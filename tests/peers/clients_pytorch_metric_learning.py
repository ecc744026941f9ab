"""pytorch-metric-learning: NTXentLoss and SupConLoss."""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss

from tests.peers.own_losses import client


def nt_xent(views, temperature):
    return NTXentLoss(temperature)(views, torch.arange(len(views) // 2).repeat(2))


def sup_con(embeddings, labels, temperature):
    return SupConLoss(temperature)(embeddings, labels.long())


CLIENTS = [client("NTXentLoss", "nt_xent", nt_xent), client("SupConLoss", "sup_con", sup_con)]
