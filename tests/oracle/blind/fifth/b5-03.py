import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class NCELoss(nn.Module):
    def __init__(self, smoothing=0.1):
        super().__init__()
        self.smoothing = smoothing

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        log_nu = math.log(nu)
        pos = log_model_data - log_noise_data - log_nu
        neg = log_model_noise - log_nu
        logits = torch.cat([pos, neg])
        labels = torch.cat([torch.ones_like(pos), torch.zeros_like(neg)])
        labels = labels * (1 - self.smoothing) + 0.5 * self.smoothing
        loss = F.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
        return loss / pos.shape[0]


impl = NCELoss()
