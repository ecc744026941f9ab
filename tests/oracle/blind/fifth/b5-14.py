import torch
import torch.nn as nn


class RowNCE(nn.Module):
    def __init__(self):
        super().__init__()
        self.bce = nn.BCEWithLogitsLoss(reduction="none")

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        true_logit = (log_model_data - log_noise_data).unsqueeze(1)
        samp_logit = log_model_noise - log_noise_noise
        k = torch.as_tensor(nu, dtype=true_logit.dtype, device=true_logit.device)
        logits = torch.cat([true_logit, samp_logit], dim=1) - k.log()
        labels = torch.zeros_like(logits)
        labels[:, 0] = 1.0
        return self.bce(logits, labels).sum(dim=1).mean()


impl = RowNCE()
