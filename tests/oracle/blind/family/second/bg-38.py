import torch
from torch import nn
import torch.nn.functional as F


class InfoNCE(nn.Module):
    """InfoNCE with explicit, padded negatives per anchor."""

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    @staticmethod
    def _unit(z):
        return z / z.norm(dim=-1, keepdim=True)

    def forward(self, anchors, positives, negatives, mask, temperature):
        keep = mask > 0.5
        # padded slots can hold anything, so replace them before the norm is taken
        negatives = torch.where(keep.unsqueeze(-1), negatives, torch.ones_like(negatives))
        q, p, n = self._unit(anchors), self._unit(positives), self._unit(negatives)
        pos = (q * p).sum(-1)
        neg = torch.einsum("nd,nkd->nk", q, n)
        diff = (neg - pos.unsqueeze(1)) / temperature
        diff = diff.masked_fill(~keep, torch.finfo(diff.dtype).min)
        per_row = -F.logsigmoid(-torch.logsumexp(diff, dim=1))
        return per_row.mean() if self.reduction == "mean" else per_row.sum()


impl = InfoNCE()
