import torch
import torch.nn as nn
import torch.nn.functional as F


class NCELoss(nn.Module):
    """NCE output layer with padded negatives (self-normalised, Z = 1)."""

    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask):
        valid = mask > 0.5
        y = targets.long()
        neg = torch.where(valid, negatives, torch.zeros_like(negatives)).long()

        num = valid.sum(dim=1).to(hidden.dtype)
        has_neg = num > 0
        log_k = torch.where(has_neg, num, torch.ones_like(num)).log()
        log_q = noise_probabilities.log()

        pos_score = (hidden * class_vectors[y]).sum(-1) + biases[y]
        neg_score = torch.einsum("nd,nkd->nk", hidden, class_vectors[neg]) + biases[neg]

        pos_delta = pos_score - log_k - log_q[y]
        neg_delta = neg_score - log_k.unsqueeze(1) - log_q[neg]

        noise_term = F.logsigmoid(-neg_delta)
        noise_term = torch.where(valid, noise_term, torch.zeros_like(noise_term)).sum(1)
        loss = -(F.logsigmoid(pos_delta) + noise_term)
        return torch.where(has_neg, loss, torch.zeros_like(loss)).mean()


impl = NCELoss()
