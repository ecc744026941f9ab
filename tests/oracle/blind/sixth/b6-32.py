import torch
import torch.nn as nn
import torch.nn.functional as F


class WeightedNCE(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, log_ratio_data, log_ratio_noise, mask, weights, nu):
        keep = mask.bool()
        lognu = torch.log(nu)
        safe = torch.where(keep, log_ratio_noise, torch.zeros_like(log_ratio_noise))
        neg = F.logsigmoid(lognu[:, None] - safe)
        neg = torch.where(keep, neg, torch.zeros_like(neg)).sum(1)
        out = (F.logsigmoid(log_ratio_data - lognu) + neg) * weights
        if self.reduction == "mean":
            return out.mean()
        elif self.reduction == "sum":
            return out.sum()
        return out


impl = WeightedNCE()
