import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class GaussianEnergyNCE(nn.Module):
    def log_noise(self, u, mean, cov):
        L = torch.linalg.cholesky(cov)
        diff = (u - mean).unsqueeze(-1)
        z = torch.linalg.solve_triangular(L, diff, upper=False).squeeze(-1)
        logdet = 2.0 * torch.diagonal(L).log().sum()
        return -0.5 * (z.pow(2).sum(-1) + logdet + u.shape[-1] * math.log(2.0 * math.pi))

    def log_model(self, u, precision, c):
        return -0.5 * torch.einsum("...i,ij,...j->...", u, precision, u) + c

    def forward(self, precision, c, x, y, noise_mean, noise_cov):
        k = y.size(1)
        pos = self.log_model(x, precision, c) - self.log_noise(x, noise_mean, noise_cov)
        neg = self.log_model(y, precision, c) - self.log_noise(y, noise_mean, noise_cov)
        pos, neg = pos - math.log(k), neg - math.log(k)
        return -(F.logsigmoid(pos) + F.logsigmoid(-neg).sum(1)).sum()


impl = GaussianEnergyNCE()
