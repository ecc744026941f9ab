import math
import torch
import torch.nn.functional as F


def log_gauss(u, mean, cov):
    d = u.shape[-1]
    delta = u - mean
    maha = (delta * torch.linalg.solve(cov, delta.T).T).sum(-1)
    return -0.5 * maha - torch.logdet(cov) - 0.5 * d * math.log(2 * math.pi)


def impl(precision, c, x, y, noise_mean, noise_cov):
    def logit(u):
        lm = -0.5 * ((u @ precision) * u).sum(-1) + c
        return lm - log_gauss(u, noise_mean, noise_cov) - math.log(len(y) / len(x))

    return (F.logsigmoid(logit(x)).sum() + F.logsigmoid(-logit(y)).sum()) / len(x)
