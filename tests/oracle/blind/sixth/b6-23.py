import torch
import torch.nn as nn


class ImportanceSampledNLL(nn.Module):
    """-log p(x) with log Z from samples of a proposal."""

    def log_partition(self, log_model_noise, log_noise_noise):
        return torch.logsumexp(log_model_noise - log_noise_noise, dim=0)

    def forward(self, log_model_data, log_model_noise, log_noise_noise):
        log_z = self.log_partition(log_model_noise, log_noise_noise)
        return -(log_model_data - log_z).mean()


impl = ImportanceSampledNLL()
