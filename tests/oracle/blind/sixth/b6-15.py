import math
import torch
import torch.nn.functional as F


def impl(precision, c, x, y, noise_mean, noise_cov):
    L = torch.linalg.cholesky(noise_cov)
    half_logdet = L.diagonal().log().sum()

    def whiten(u):
        return torch.linalg.solve_triangular(L, u.reshape(-1, u.shape[-1]).T, upper=False).T.reshape(u.shape)

    def quad(u):
        return torch.einsum("...i,ij,...j->...", u, precision, u)

    xc = x - noise_mean
    log_k = math.log(y.shape[1])
    g_x = -0.5 * quad(x) + c + 0.5 * whiten(xc).square().sum(-1) + half_logdet - log_k
    g_y = -0.5 * quad(y) + c + 0.5 * whiten(y).square().sum(-1) + half_logdet - log_k
    return (F.logsigmoid(g_x) + F.logsigmoid(-g_y).sum(-1)).mean()
