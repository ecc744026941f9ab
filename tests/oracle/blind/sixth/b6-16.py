import torch
import torch.nn as nn
import torch.nn.functional as F


class NCELoss(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        assert reduction in ("none", "sum", "mean")
        self.reduction = reduction

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        log_nu = torch.log(torch.as_tensor(nu, dtype=log_model_data.dtype, device=log_model_data.device))
        pos = log_model_data - log_noise_data - log_nu
        neg = log_model_noise - log_noise_noise - log_nu
        loss = torch.cat([-F.logsigmoid(pos), -F.logsigmoid(-neg)])
        if self.reduction == "mean":
            return loss.mean()
        if self.reduction == "sum":
            return loss.sum()
        return loss


impl = NCELoss()
