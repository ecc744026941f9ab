import torch
import torch.nn as nn
import torch.nn.functional as F


class InBatchInfoNCE(nn.Module):
    def __init__(self, normalize=True):
        super().__init__()
        self.normalize = normalize

    def forward(self, anchors, positives, temperature):
        if self.normalize:
            anchors = anchors / anchors.norm(dim=-1, keepdim=True)
            positives = positives / positives.norm(dim=-1, keepdim=True)
        sim = anchors @ positives.t() / temperature
        n = sim.size(0)
        if n == 1:
            return (sim * 0).sum()
        eye = torch.eye(n, dtype=torch.bool, device=sim.device)
        others = torch.logsumexp(sim.masked_fill(eye, float("-inf")), dim=1)
        return -F.logsigmoid(sim.diagonal() - others).mean()


impl = InBatchInfoNCE()
