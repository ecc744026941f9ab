import torch
from torch import nn
import torch.nn.functional as F


class NCELoss(nn.Module):
    """Noise contrastive estimation over a large vocabulary."""

    def _score(self, hidden, weight, bias, idx):
        vec = weight[idx]
        return torch.einsum("nd,nkd->nk", hidden, vec) + bias[idx]

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        targets = targets.long().unsqueeze(-1)
        negatives = negatives.long()
        log_noise = noise_probabilities.log()

        pos = self._score(hidden, class_vectors, biases, targets) - log_noise[targets]
        neg = self._score(hidden, class_vectors, biases, negatives) - log_noise[negatives]

        logits = torch.cat([pos, neg], dim=1)
        sign = torch.ones_like(logits)
        sign[:, 1:] = -1
        return -F.logsigmoid(sign * logits).sum(dim=1).mean()


impl = NCELoss()
