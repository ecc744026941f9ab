import torch
from torch import nn
import torch.nn.functional as F


class SampledSoftmax(nn.Module):
    def __init__(self, subtract_log_q=True, remove_accidental_hits=False):
        super().__init__()
        self.subtract_log_q = subtract_log_q
        self.remove_accidental_hits = remove_accidental_hits

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        targets = targets.long().unsqueeze(1)
        negatives = negatives.long()
        ids = torch.cat([targets, negatives], dim=1)
        logits = torch.bmm(class_vectors[ids], hidden.unsqueeze(2)).squeeze(2) + biases[ids]
        if self.subtract_log_q:
            logits = logits - noise_probabilities.log()[ids]
        true, sampled = logits[:, :1], logits[:, 1:]
        gap = sampled - true
        if self.remove_accidental_hits:
            gap = gap.masked_fill(negatives == targets, float("-inf"))
        return -F.logsigmoid(-torch.logsumexp(gap, dim=1)).mean()


impl = SampledSoftmax()
