import math
import torch
import torch.nn as nn


class NCECriterion(nn.Module):
    def __init__(self):
        super().__init__()
        self.bce = nn.BCEWithLogitsLoss(reduction="sum")

    def get_score(self, hidden, weight, bias, idx):
        w = weight[idx]                                   # (N, 1 + K, D)
        return torch.bmm(w, hidden.unsqueeze(2)).squeeze(2) + bias[idx]

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        n, k = negatives.shape
        idx = torch.cat([targets.unsqueeze(1), negatives], dim=1).long()
        scores = self.get_score(hidden, class_vectors, biases, idx)
        logit_noise = noise_probabilities.log()[targets.long()].unsqueeze(1)
        logit_true = scores - logit_noise - math.log(k)
        label = torch.zeros_like(logit_true)
        label[:, 0] = 1
        return self.bce(logit_true, label) / n


impl = NCECriterion()
