import torch
import torch.nn.functional as F


def impl(anchors, positives, negatives, mask, temperature):
    pad = mask == 0
    negatives = negatives.masked_fill(pad.unsqueeze(-1), 0.0)
    a = F.normalize(anchors, dim=1)
    p = F.normalize(positives, dim=1)

    pos = (a * p).sum(dim=1) / temperature
    neg = torch.einsum("bd,bkd->bk", a, negatives) / temperature
    neg = neg.masked_fill(pad, -1e9)

    loss = torch.logsumexp(neg, dim=1) - pos
    loss = loss * (~pad).any(dim=1)
    return loss.mean()
