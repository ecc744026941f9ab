import torch
from torch import nn


class NTXentLoss(nn.Module):
    """SimCLR loss on stacked views [z1; z2]; reduction='sum' adds up all 2N anchors."""

    def __init__(self, reduction="sum"):
        super().__init__()
        assert reduction in ("sum", "mean")
        self.reduction = reduction

    def forward(self, views, temperature):
        two_n = views.size(0)
        z = views / views.norm(p=2, dim=1, keepdim=True)
        sim = torch.mm(z, z.t())
        idx = torch.arange(two_n, device=views.device)
        partner = (idx + two_n // 2) % two_n
        pos = sim[idx, partner]
        drop = torch.eye(two_n, dtype=torch.bool, device=views.device)
        drop[idx, partner] = True
        gap = ((sim - pos[:, None]) / temperature).masked_fill(drop, torch.finfo(sim.dtype).min)
        lse = torch.logsumexp(gap, dim=1)
        loss = torch.logaddexp(lse, lse.new_zeros(()))
        return loss.sum() if self.reduction == "sum" else loss.mean()


impl = NTXentLoss()
