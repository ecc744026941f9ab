import torch
import torch.nn as nn
import torch.nn.functional as F


class RankingNCE(nn.Module):
    def __init__(self, clip=50.0):
        super().__init__()
        self.clip = clip

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise):
        pos = log_model_data - log_noise_data
        neg = log_model_noise + log_noise_noise
        logits = torch.cat([pos.unsqueeze(1), neg], dim=1)
        logits = logits.clamp(-self.clip, self.clip)
        return -F.log_softmax(logits, dim=1)[:, 0].mean()


impl = RankingNCE()
