import torch
import torch.nn.functional as F


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask):
    """Sampled softmax with log-Q correction, padded candidates."""
    keep = mask > 0
    targets = targets.long()
    negatives = torch.where(keep, negatives, torch.zeros_like(negatives)).long()
    log_q = torch.log(noise_probabilities)

    true_logits = (hidden * class_vectors[targets]).sum(-1) + biases[targets] - log_q[targets]
    sampled_logits = torch.einsum("bd,bkd->bk", hidden, class_vectors[negatives])
    sampled_logits = sampled_logits + biases[negatives] - log_q[negatives]

    hits = negatives == targets[:, None]
    gap = sampled_logits - true_logits[:, None]
    gap = gap.masked_fill(hits | ~keep, torch.finfo(gap.dtype).min)
    return -F.logsigmoid(-torch.logsumexp(gap, dim=1)).mean()
