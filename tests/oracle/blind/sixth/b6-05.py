import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class InBatchNCE(nn.Module):
    """Every row scores the same pool; the row's own index is dropped from it."""

    def forward(self, log_ratio_data, log_ratio_noise, nu):
        n, m = log_ratio_noise.shape
        own = torch.eye(n, m, dtype=torch.bool, device=log_ratio_noise.device)
        log_k = math.log(max(m - 1, 1))
        pos = F.logsigmoid(log_ratio_data - log_k)
        neg = F.logsigmoid(log_k - log_ratio_noise).masked_fill(own, 0.0)
        return -(pos + neg.sum(1)).mean()


impl = InBatchNCE()
