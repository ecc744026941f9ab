import math
import torch
import torch.nn as nn


class NCECriterion(nn.Module):
    def __init__(self):
        super().__init__()
        self.bce = nn.BCEWithLogitsLoss(reduction="sum")

    def forward(self, log_ratio_data, log_ratio_noise, nu):
        b, k = log_ratio_noise.shape
        logits = torch.cat([log_ratio_data.view(b, 1), log_ratio_noise], dim=1) - math.log(k)
        labels = torch.zeros_like(logits)
        labels[:, 0] = 1
        return self.bce(logits, labels) / b


impl = NCECriterion()
