import math
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal


def log_laplace(B, u):
    return -math.sqrt(2.0) * torch.matmul(u, B).abs().sum(dim=-1)


def impl(B, x, y, noise_mean, noise_cov):
    """Ranking NCE for ICA with Laplace sources."""
    chol = torch.linalg.cholesky(noise_cov)
    noise = MultivariateNormal(noise_mean, scale_tril=chol, validate_args=False)
    centred = MultivariateNormal(torch.zeros_like(noise_mean), scale_tril=chol, validate_args=False)
    s_x = log_laplace(B, x) - noise.log_prob(x)
    s_y = log_laplace(B, y) - centred.log_prob(y)
    gap = torch.logsumexp(s_y - s_x.unsqueeze(1), dim=1)
    return -F.logsigmoid(-gap).mean()
