import torch
from torch import nn


class SharedNoiseNCE(nn.Module):
    def __init__(self, size_average=True):
        super().__init__()
        self.size_average = size_average

    @staticmethod
    def _nll(z):
        # -log sigmoid(z) = log(1 + e^-z)
        return torch.logaddexp(torch.zeros_like(z), -z)

    def forward(self, log_ratio_data, log_ratio_noise, nu):
        bsz, n_noise = log_ratio_noise.shape
        offset = torch.tensor(n_noise, dtype=log_ratio_data.dtype).log()
        loss = self._nll(log_ratio_data - offset)
        loss = loss + self._nll(offset - log_ratio_noise).sum(1)
        return loss.sum() / bsz if self.size_average else loss.sum()


impl = SharedNoiseNCE()
