import torch
from torch import nn
import torch.nn.functional as F


class NegativeSamplingObjective(nn.Module):
    """SGNS objective; returns the log-likelihood to be maximised."""

    def forward(self, hidden, class_vectors, biases, targets, negatives):
        targets = targets.long()
        negatives = negatives.long()
        v = class_vectors[targets]
        u = class_vectors[negatives]
        pos = (hidden * v).sum(dim=1) + biases[targets]
        neg = torch.bmm(u, hidden.unsqueeze(2)).squeeze(2) + biases[negatives]
        ll = F.logsigmoid(pos) + F.logsigmoid(-neg).mean(dim=1)
        return ll.mean()


impl = NegativeSamplingObjective()
