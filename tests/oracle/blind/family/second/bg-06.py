import torch
import torch.nn.functional as F


def info_nce(query, positive_key, negative_keys, keep, temperature):
    query = query / torch.linalg.vector_norm(query, dim=-1, keepdim=True)
    positive_key = positive_key / torch.linalg.vector_norm(positive_key, dim=-1, keepdim=True)
    negative_keys = negative_keys / torch.linalg.vector_norm(negative_keys, dim=-1, keepdim=True)

    positive_logit = torch.sum(query * positive_key, dim=1, keepdim=True)
    negative_logits = query @ negative_keys.transpose(-2, -1)
    # log(1 + sum exp(neg - pos)) instead of cross_entropy: stays accurate for well separated pairs
    margins = (negative_logits - positive_logit) / temperature
    margins = margins.masked_fill(~keep, torch.finfo(margins.dtype).min)
    lse = torch.logsumexp(margins, dim=1)
    return torch.logaddexp(lse, torch.zeros_like(lse)).mean()


def impl(anchors, positives, negatives, mask, temperature):
    keep = mask != 0
    ever_used = keep.any(dim=0)
    negatives = torch.where(ever_used[:, None], negatives, torch.ones_like(negatives))
    return info_nce(anchors, positives, negatives, keep, temperature)
