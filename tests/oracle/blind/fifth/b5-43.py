import math

import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal


def impl(precision, c, x, y, noise_mean, noise_cov):
    noise = MultivariateNormal(noise_mean, covariance_matrix=noise_cov)
    log_nu = math.log(y.shape[0] / x.shape[0])

    def g(u):
        return -0.5 * torch.einsum("ni,ij,nj->n", u, precision, u) + c - noise.log_prob(u)

    loss_data = F.softplus(log_nu - g(x)).sum()
    loss_noise = F.softplus(g(y) - log_nu).sum()
    return (loss_data + loss_noise) / x.shape[0]
