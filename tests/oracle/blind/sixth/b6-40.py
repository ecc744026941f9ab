import math
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal


def impl(B, c, x, y, noise_mean, noise_cov):
    noise = MultivariateNormal(noise_mean, covariance_matrix=noise_cov)

    def log_model(u):
        s = u @ B.t()
        return -math.sqrt(2.0) * s.abs().sum(-1) + c

    log_nu = math.log(y.shape[0] / x.shape[0])
    h_data = log_model(x) - noise.log_prob(x) - log_nu
    h_noise = log_model(y) - noise.log_prob(y) - log_nu
    return (F.logsigmoid(h_data).sum() + F.logsigmoid(-h_noise).sum()) / x.shape[0]
