import torch
import torch.nn as nn


class BNDiscriminatorLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1, affine=False, track_running_stats=False)
        self.criterion = nn.BCEWithLogitsLoss(reduction="sum")

    def forward(self, log_ratio_data, log_ratio_noise):
        n = log_ratio_data.shape[0]
        logits = torch.cat([log_ratio_data, log_ratio_noise]).unsqueeze(1)
        logits = self.norm(logits).squeeze(1)
        labels = torch.cat([torch.zeros_like(log_ratio_data), torch.ones_like(log_ratio_noise)])
        return self.criterion(logits, labels) / n


impl = BNDiscriminatorLoss()
