import torch
from torch import nn


class QueueInfoNCE(nn.Module):
    """MoCo-like loss: shared negatives plus a FIFO of earlier ones."""

    def __init__(self, queue_size=64):
        super().__init__()
        self.queue_size = queue_size
        self.queue = None

    def _bank(self, like):
        q = self.queue
        if q is None or q.shape[1] != like.shape[1] or q.dtype != like.dtype or q.device != like.device:
            return like.new_zeros((0, like.shape[1]))
        return q

    def forward(self, anchors, positives, negatives, mask, temperature):
        keep = mask > 0
        used = keep.any(dim=0)
        negatives = torch.where(used[:, None], negatives, torch.ones_like(negatives))
        q = anchors / anchors.norm(dim=1, keepdim=True)
        k = positives / positives.norm(dim=1, keepdim=True)
        neg = negatives / negatives.norm(dim=1, keepdim=True)
        bank = self._bank(neg)

        pos = torch.exp((q * k).sum(1) / temperature)
        fresh = (torch.exp(q @ neg.t() / temperature) * keep).sum(1)
        stale = torch.exp(q @ bank.t() / temperature).sum(1)
        self.queue = torch.cat([neg[used].detach(), bank])[: self.queue_size]
        return torch.log1p((fresh + stale) / pos).mean()


impl = QueueInfoNCE()
