import torch
import torch.nn as nn
import torch.nn.functional as F


class EBMNCE(nn.Module):
    """NCE for an energy-based model with samples from a fixed noise model."""

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        nu = torch.as_tensor(nu, dtype=log_model_data.dtype)
        # samples come from the noise model, no gradient through them
        log_noise_data = log_noise_data.detach()
        log_noise_noise = log_noise_noise.detach()
        log_model_noise = log_model_noise.detach()

        logit_real = log_model_data - log_noise_data - nu.log()
        logit_fake = log_model_noise - log_noise_noise - nu.log()
        loss = -F.logsigmoid(logit_real).sum() - F.logsigmoid(-logit_fake).sum()
        return loss / logit_real.numel()


impl = EBMNCE()
