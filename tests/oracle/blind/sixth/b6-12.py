import torch
import torch.nn as nn


class GANStyleNCE(nn.Module):
    """Discriminator loss with a density-ratio discriminator, one fake per real."""

    def __init__(self):
        super().__init__()
        self.register_buffer("zero", torch.zeros(()))

    def softplus(self, t):
        return torch.logaddexp(t, self.zero.to(t.dtype).expand_as(t))

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu=1.0):
        d_real = log_model_data - log_noise_data
        d_fake = log_model_noise - log_noise_noise
        loss_real = self.softplus(-d_real).mean()
        loss_fake = self.softplus(d_fake).mean()
        return 0.5 * (loss_real + loss_fake)


impl = GANStyleNCE()
