import torch
from torch import nn


class ContrastiveLoss(nn.Module):
    """-log( exp(s_pos) / sum_j exp(s_neg_j) )"""

    def forward(self, positive, negatives):
        denom = torch.logsumexp(negatives, dim=1)
        return (denom - positive).mean()


impl = ContrastiveLoss()
