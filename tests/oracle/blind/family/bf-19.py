import torch
import torch.nn as nn
import torch.nn.functional as F


class MoCoStyleLoss(nn.Module):
    """In-batch negatives plus a small queue of former keys."""

    def __init__(self, queue_size=256):
        super().__init__()
        self.queue_size = queue_size
        self.queue = None

    @torch.no_grad()
    def _enqueue(self, keys):
        self.queue = keys if self.queue is None else torch.cat([keys, self.queue])[: self.queue_size]

    def forward(self, anchors, positives, temperature):
        q = F.normalize(anchors, dim=1)
        with torch.no_grad():
            k = F.normalize(positives, dim=1)
        logits = q @ k.t()
        if self.queue is not None and (self.queue.shape[1] != k.shape[1] or self.queue.dtype != k.dtype):
            self.queue = None
        if self.queue is not None:
            logits = torch.cat([logits, q @ self.queue.t()], dim=1)
        labels = torch.arange(q.size(0), device=q.device)
        loss = F.cross_entropy(logits / temperature, labels)
        self._enqueue(k)
        return loss


impl = MoCoStyleLoss()
