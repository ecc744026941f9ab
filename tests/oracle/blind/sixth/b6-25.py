import torch
import torch.nn as nn


class Discriminator(nn.Module):
    def forward(self, log_model, log_noise):
        return torch.sigmoid(log_model - log_noise)


class DLoss(nn.Module):
    def __init__(self, real_label=0.9, fake_label=0.0):
        super().__init__()
        self.netD = Discriminator()
        self.criterion = nn.BCEWithLogitsLoss()
        self.real_label, self.fake_label = real_label, fake_label

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu=1.0):
        real = self.netD(log_model_data, log_noise_data)
        fake = self.netD(log_model_noise, log_noise_noise)
        err_real = self.criterion(real, torch.full_like(real, self.real_label))
        err_fake = self.criterion(fake, torch.full_like(fake, self.fake_label))
        return err_real + err_fake


impl = DLoss()
