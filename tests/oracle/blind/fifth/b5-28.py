import torch
import torch.nn as nn
import torch.nn.functional as F


class NCECriterion(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.drop = nn.Dropout(p)

    @staticmethod
    def _score(log_model, log_noise, log_k):
        return log_model - log_noise - log_k

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        log_k = torch.log(torch.as_tensor(nu, dtype=log_model_data.dtype))
        pos = self._score(log_model_data, log_noise_data + log_k, log_k)
        neg = self._score(log_model_noise, log_noise_noise + log_k, log_k)
        neg = self.drop(neg)
        loss = F.softplus(-pos) + F.softplus(neg).sum(1)
        return loss.mean()


impl = NCECriterion()
