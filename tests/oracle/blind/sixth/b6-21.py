import torch
from torch import nn


class MaskedRankingNCE(nn.Module):
    """Weighted binary NCE over padded negatives."""

    def forward(self, log_ratio_data, log_ratio_noise, mask, weights, nu):
        pad = ~mask.to(torch.bool)
        log_nu = nu.log()
        pos = nn.functional.logsigmoid(log_ratio_data - log_nu)
        delta = (log_nu.unsqueeze(-1) - log_ratio_noise).masked_fill(pad, 0.0)
        neg = nn.functional.logsigmoid(delta).masked_fill(pad, 0.0).sum(dim=-1)
        return (weights * (pos + neg)).sum() / weights.sum()


impl = MaskedRankingNCE()
