import torch
from torch import nn
import torch.nn.functional as F


class SampledSoftmaxLoss(nn.Module):
    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        n, k = negatives.shape
        targets, negatives = targets.long(), negatives.long()
        log_q = noise_probabilities.log()
        true_w = class_vectors.index_select(0, targets)
        samp_w = class_vectors.index_select(0, negatives.reshape(-1)).view(n, k, -1)
        samp_b = biases.index_select(0, negatives[0])

        true_logits = torch.sum(hidden * true_w, dim=1) + biases[targets] + log_q[targets]
        samp_logits = torch.matmul(samp_w, hidden.unsqueeze(-1)).squeeze(-1) + samp_b + log_q[negatives]
        gap = samp_logits - true_logits.unsqueeze(1)
        return -F.logsigmoid(-torch.logsumexp(gap, dim=1)).mean()


impl = SampledSoftmaxLoss()
