import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SmoothedNCE(nn.Module):
    def __init__(self, momentum=0.9):
        super().__init__()
        self.momentum = momentum
        self.running = None

    def forward(self, log_ratio_data, log_ratio_noise, nu):
        ln_nu = math.log(nu)
        ll = F.logsigmoid(log_ratio_data - ln_nu).sum() + F.logsigmoid(ln_nu - log_ratio_noise).sum()
        loss = -ll / log_ratio_data.numel()
        if self.running is None:
            self.running = loss.detach()
            return loss
        out = self.momentum * self.running + (1 - self.momentum) * loss
        self.running = out.detach()
        return out


impl = SmoothedNCE()
