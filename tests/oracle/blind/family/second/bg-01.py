import torch
from torch import nn
import torch.nn.functional as F


class MaskedInfoNCE(nn.Module):
    def __init__(self, fill=0.0):
        super().__init__()
        self.fill = fill

    def forward(self, anchors, positives, negatives, mask, temperature):
        pad = mask < 0.5
        negatives = negatives.masked_fill(pad.unsqueeze(-1), 1.0)
        a = anchors / anchors.norm(dim=-1, keepdim=True)
        p = positives / positives.norm(dim=-1, keepdim=True)
        n = negatives / negatives.norm(dim=-1, keepdim=True)

        l_pos = torch.einsum("nc,nc->n", a, p).unsqueeze(-1) / temperature
        l_neg = torch.einsum("nc,nkc->nk", a, n) / temperature
        l_neg = l_neg.masked_fill(pad, self.fill)
        loss = -F.logsigmoid(-torch.logsumexp(l_neg - l_pos, dim=-1))
        return torch.where(pad.all(dim=-1), torch.zeros_like(loss), loss).mean()


impl = MaskedInfoNCE()
