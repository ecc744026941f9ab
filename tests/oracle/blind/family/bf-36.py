import torch
import torch.nn as nn
import torch.nn.functional as F


class SampledSoftmax(nn.Module):
    def __init__(self, reduction="sum"):
        super().__init__()
        self.reduction = reduction

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask):
        pad = mask == 0
        y = targets.long()
        neg = negatives.masked_fill(pad, 0).long()
        offset = biases - torch.log(noise_probabilities)

        true_logit = (hidden * F.embedding(y, class_vectors)).sum(1) + offset[y]
        neg_logit = torch.einsum("bd,bkd->bk", hidden, F.embedding(neg, class_vectors)) + offset[neg]

        empty = pad.all(dim=1)
        neg_logit = neg_logit.masked_fill(pad, float("-inf"))
        neg_logit = neg_logit.masked_fill(empty[:, None], 0.0)
        loss = -F.logsigmoid(true_logit - torch.logsumexp(neg_logit, dim=1))
        loss = loss.masked_fill(empty, 0.0)
        return loss.sum() if self.reduction == "sum" else loss.mean()


impl = SampledSoftmax()
