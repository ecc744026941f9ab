import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import MultivariateNormal


class LaplaceICA(nn.Module):
    def log_prob_unnorm(self, B, u):
        sources = torch.einsum("ij,ni->nj", B, u)
        return -sources.abs().sum(dim=1)

    def forward(self, B, c, x, y, noise_mean, noise_cov):
        noise = MultivariateNormal(noise_mean, noise_cov)
        log_nu = math.log(y.size(0)) - math.log(x.size(0))
        g_x = self.log_prob_unnorm(B, x) + c - noise.log_prob(x) - log_nu
        g_y = self.log_prob_unnorm(B, y) + c - noise.log_prob(y) - log_nu
        return -(F.logsigmoid(g_x).sum() + F.logsigmoid(-g_y).sum()) / x.size(0)


impl = LaplaceICA()
