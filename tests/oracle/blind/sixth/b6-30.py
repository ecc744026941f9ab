import torch
import torch.nn as nn
import torch.nn.functional as F


class PoolNCE(nn.Module):
    def __init__(self, temperature=0.5):
        super().__init__()
        self.temperature = temperature

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        # one pool for all rows, so score it once
        pool_model = log_model_noise.mean(dim=0)
        pool_noise = log_noise_noise.mean(dim=0)
        log_nu = torch.log(log_model_data.new_tensor(pool_model.numel()))
        pos = (log_model_data - log_noise_data) / self.temperature - log_nu
        neg = (pool_model - pool_noise) / self.temperature - log_nu
        return F.logsigmoid(pos).mean() + F.logsigmoid(-neg).sum()


impl = PoolNCE()
