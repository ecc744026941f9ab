import torch
import torch.nn as nn
import torch.nn.functional as F


class SharedSampledSoftmaxLoss(nn.Module):
    def __init__(self, remove_match=True):
        super().__init__()
        self.remove_match = remove_match

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        targets = targets.long()
        sample_ids = negatives.long()
        true_freq = noise_probabilities[targets]
        sample_freq = noise_probabilities[sample_ids]

        true_logits = torch.sum(hidden * class_vectors[targets], dim=1) + biases[targets] + torch.log(true_freq)
        sample_logits = hidden @ class_vectors[sample_ids].t() + biases[sample_ids] + torch.log(sample_freq)
        if self.remove_match:
            hits = targets[:, None] == sample_ids[None, :]
            sample_logits = sample_logits.masked_fill(hits, -1e37)

        logits = torch.cat([true_logits[:, None], sample_logits], dim=1)
        return F.cross_entropy(logits, torch.zeros_like(targets))


impl = SharedSampledSoftmaxLoss()
