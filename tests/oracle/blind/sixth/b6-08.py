import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class ICANCE(nn.Module):
    def unnormalised(self, u, B, c):
        return c - math.sqrt(2) * torch.einsum("ij,...j->...i", B, u).abs().sum(-1)

    def forward(self, B, c, x, y, noise_mean, noise_cov):
        pn = torch.distributions.MultivariateNormal(noise_mean, noise_cov)
        log_nu = math.log(y.shape[0])
        g_x = self.unnormalised(x, B, c) - pn.log_prob(x)
        g_y = self.unnormalised(y, B, c) - pn.log_prob(y)
        obj = F.logsigmoid(g_x - log_nu) + F.logsigmoid(log_nu - g_y).sum(1)
        return obj.mean()


impl = ICANCE()
