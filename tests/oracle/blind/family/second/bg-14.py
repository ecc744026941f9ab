import torch
from torch import nn
import torch.nn.functional as F


class InBatchContrast(nn.Module):
    """In-batch InfoNCE with centred targets."""

    def __init__(self, momentum=0.9):
        super().__init__()
        self.momentum = momentum
        self.center = None

    @torch.no_grad()
    def _update_center(self, feats):
        mean = feats.mean(dim=0)
        if self.center is None or self.center.shape != mean.shape or self.center.dtype != mean.dtype:
            self.center = torch.zeros_like(mean)
        self.center = self.momentum * self.center + (1 - self.momentum) * mean

    def forward(self, anchors, positives, temperature):
        self._update_center(positives)
        a = F.normalize(anchors, dim=0)
        p = F.normalize(positives - self.center, dim=0)
        logits = a @ p.T / temperature
        n = logits.size(0)
        gap = logits - logits.diagonal().unsqueeze(1)
        gap = gap.masked_fill(torch.eye(n, dtype=torch.bool, device=gap.device), torch.finfo(gap.dtype).min)
        return -F.logsigmoid(-torch.logsumexp(gap, dim=1)).mean()


impl = InBatchContrast()
