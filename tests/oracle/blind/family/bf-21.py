import torch
import torch.nn.functional as F


def impl(anchors, positives, negatives, mask, temperature):
    used = (mask > 0).any(dim=0)
    negatives = torch.where(used[:, None], negatives, torch.ones_like(negatives))
    anchors = F.normalize(anchors, dim=-1)
    positives = F.normalize(positives, dim=-1)
    negatives = F.normalize(negatives, dim=-1)

    pos = torch.exp((anchors * positives).sum(dim=-1) / temperature)
    neg = torch.exp(torch.mm(anchors, negatives.t()) / temperature)
    neg = (neg * mask).sum(dim=-1)
    return -torch.log(pos / (pos + neg)).mean()
