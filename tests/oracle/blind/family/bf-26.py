import torch
import torch.nn as nn
import torch.nn.functional as F


class NegativeSamplingLoss(nn.Module):
    def __init__(self, remove_accidental_hits=True):
        super().__init__()
        self.remove_accidental_hits = remove_accidental_hits

    def forward(self, hidden, class_vectors, biases, targets, negatives):
        targets, negatives = targets.long(), negatives.long()
        ids = torch.cat([targets[:, None], negatives], dim=1)
        scores = torch.matmul(class_vectors[ids], hidden[:, :, None])[..., 0] + biases[ids]

        sign = -torch.ones_like(scores)
        sign[:, 0] = 1.0
        weight = torch.ones_like(scores)
        if self.remove_accidental_hits:
            weight[:, 1:] = (negatives != targets[:, None]).to(scores.dtype)
        return -(weight * F.logsigmoid(sign * scores)).sum(dim=1).mean()


impl = NegativeSamplingLoss()
