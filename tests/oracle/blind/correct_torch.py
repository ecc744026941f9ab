"""Correct PyTorch implementations (CPU)."""
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import MultivariateNormal

torch.set_num_threads(1)
SQRT2 = math.sqrt(2.0)
LOG2PI = math.log(2.0 * math.pi)


def T(a, grad=False):
    return torch.tensor(np.ascontiguousarray(a), requires_grad=grad)


def N(t):
    return t.detach().cpu().numpy()


def scalar_param(c, like):
    return torch.tensor(float(c), dtype=like.dtype, requires_grad=True)


# ---------------------------------------------------------------- scalar functions
def log_sigmoid_autograd(t):
    t = T(t, True)
    v = F.logsigmoid(t)
    v.sum().backward()
    return {"value": N(v), "grad": N(t.grad)}


def log_sigmoid_softplus(t):
    t = T(t)
    return {"value": N(-F.softplus(-t, threshold=40)), "grad": N(torch.sigmoid(-t))}


def sigmoid_explicit(t):
    t = T(t)
    return {"value": N(torch.sigmoid(t)), "grad": N(torch.sigmoid(t) * torch.sigmoid(-t))}


def sigmoid_exp_log_autograd(t):
    t = T(t, True)
    v = F.logsigmoid(t).exp()
    g, = torch.autograd.grad(v.sum(), t)
    return {"value": N(v), "grad": N(g)}


# ---------------------------------------------------------------- NCE
def objective(G_data, G_noise, nu):
    return (F.logsigmoid(G_data - math.log(nu)).sum() + F.logsigmoid(math.log(nu) - G_noise).sum()) / G_data.numel()


def nce_ratio_logsigmoid(log_ratio_data, log_ratio_noise, nu):
    a, b = T(log_ratio_data, True), T(log_ratio_noise, True)
    J = objective(a, b, nu)
    J.backward()
    return {"value": J.item(), "grad_log_ratio_data": N(a.grad), "grad_log_ratio_noise": N(b.grad)}


def nce_ratio_softplus_func(log_ratio_data, log_ratio_noise, nu):
    def loss(a, b):
        sp = lambda z: F.softplus(z, threshold=40)
        return sp(math.log(nu) - a).mean() + nu * sp(b - math.log(nu)).mean()
    (ga, gb), v = torch.func.grad_and_value(loss, argnums=(0, 1))(T(log_ratio_data), T(log_ratio_noise))
    return {"value": N(-v), "grad_log_ratio_data": -N(ga), "grad_log_ratio_noise": -N(gb)}


def bnce_logsigmoid(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a, b = T(log_model_data, True), T(log_model_noise, True)
    J = objective(a - T(log_noise_data), b - T(log_noise_noise), nu)
    ga, gb = torch.autograd.grad(J, (a, b))
    return {"value": J.item(), "grad_log_model_data": N(ga), "grad_log_model_noise": N(gb)}


def bnce_bce_logits_weights(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a, b = T(log_model_data, True), T(log_model_noise, True)
    logits = torch.cat([a - T(log_noise_data), b - T(log_noise_noise)]) - math.log(nu)
    labels = torch.cat([torch.ones_like(a), torch.zeros_like(b)])
    w = torch.cat([torch.full_like(a, 1 / a.numel()), torch.full_like(b, nu / b.numel())])
    loss = F.binary_cross_entropy_with_logits(logits, labels, weight=w.detach(), reduction="sum")
    loss.backward()
    return {"value": -loss.item(), "grad_log_model_data": -N(a.grad), "grad_log_model_noise": -N(b.grad)}


def bnce_bce_logits_module(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """Mean BCE over the union, rescaled; noise is the positive class, pos_weight does the rescaling of the two means."""
    a, b = T(log_model_data, True), T(log_model_noise, True)
    z = torch.cat([a - T(log_noise_data), b - T(log_noise_noise)]) - math.log(nu)
    is_noise = torch.cat([torch.zeros_like(a), torch.ones_like(b)]).detach()
    crit = nn.BCEWithLogitsLoss(pos_weight=torch.ones((), dtype=z.dtype))
    J = -(1 + nu) * crit(-z, is_noise)
    J.backward()
    return {"value": N(J), "grad_log_model_data": N(a.grad), "grad_log_model_noise": N(b.grad)}


def bnce_cross_entropy(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """Two-class F.cross_entropy with logits (0, G - ln nu)."""
    a, b = T(log_model_data, True), T(log_model_noise, True)
    z = torch.cat([a - T(log_noise_data), b - T(log_noise_noise)]) - math.log(nu)
    target = torch.cat([torch.ones(a.numel(), dtype=torch.long), torch.zeros(b.numel(), dtype=torch.long)])
    loss = F.cross_entropy(torch.stack([torch.zeros_like(z), z], 1), target, reduction="sum") / a.numel()
    loss.backward()
    return {"value": -loss.item(), "grad_log_model_data": -N(a.grad), "grad_log_model_noise": -N(b.grad)}


# ---------------------------------------------------------------- densities
def _gauss(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    return -0.5 * z.square().sum(0) - L.diagonal().log().sum() - 0.5 * u.shape[1] * LOG2PI


def gauss_cholesky(u, mean, cov):
    return {"value": N(_gauss(T(u), T(mean), T(cov)))}


def gauss_distribution(u, mean, cov):
    d = MultivariateNormal(T(mean), scale_tril=torch.linalg.cholesky(T(cov)))
    return {"value": N(d.log_prob(T(u)))}


def gauss_cov_distribution(u, mean, cov):
    d = MultivariateNormal(loc=T(mean), covariance_matrix=T(cov), validate_args=False)
    return {"value": N(d.log_prob(T(u)))}


def gauss_cholesky_solve(u, mean, cov):
    d = T(u) - T(mean)
    L = torch.linalg.cholesky(T(cov))
    q = torch.einsum("ni,in->n", d, torch.cholesky_solve(d.T, L))
    return {"value": N(-0.5 * q - torch.slogdet(T(cov)).logabsdet / 2 - d.shape[-1] * LOG2PI / 2)}


def laplace_ld_linear(B, c, u):
    return {"value": N(c - SQRT2 * F.linear(T(u), T(B)).abs().sum(-1))}


def laplace_ld_norm(B, c, u):
    return {"value": N(-SQRT2 * torch.linalg.vector_norm(T(u) @ T(B).mT, ord=1, dim=1) + c)}


# ---------------------------------------------------------------- Laplace ICA
class LaplaceICA(nn.Module):
    def __init__(self, B, c):
        super().__init__()
        self.B = nn.Parameter(T(B))
        self.c = nn.Parameter(torch.tensor(float(c), dtype=self.B.dtype))

    def forward(self, u):
        return -SQRT2 * F.linear(u, self.B).abs().sum(1) + self.c


def lap_nce_module(B, c, x, y, noise_mean, noise_cov):
    model = LaplaceICA(B, c)
    x, y = T(x), T(y)
    q = MultivariateNormal(T(noise_mean), scale_tril=torch.linalg.cholesky(T(noise_cov)))
    J = objective(model(x) - q.log_prob(x), model(y) - q.log_prob(y), len(y) / len(x))
    J.backward()
    return {"value": J.item(), "grad_B": N(model.B.grad), "grad_c": model.c.grad.item()}


def lap_nce_manual(B, c, x, y, noise_mean, noise_cov):
    B, x, y, m, S = map(T, (B, x, y, noise_mean, noise_cov))
    nu = len(y) / len(x)
    sx, sy = x @ B.T, y @ B.T
    tx = c - SQRT2 * sx.abs().sum(1) - _gauss(x, m, S) - math.log(nu)
    ty = c - SQRT2 * sy.abs().sum(1) - _gauss(y, m, S) - math.log(nu)
    wx, wy = torch.sigmoid(-tx) / len(x), -torch.sigmoid(ty) / len(x)
    J = (F.logsigmoid(tx).sum() + F.logsigmoid(-ty).sum()) / len(x)
    gB = -SQRT2 * (torch.einsum("n,ni,nj->ij", wx, sx.sign(), x) + torch.einsum("n,ni,nj->ij", wy, sy.sign(), y))
    return {"value": J.item(), "grad_B": N(gB), "grad_c": (wx.sum() + wy.sum()).item()}


def lap_mle_autograd(B, x):
    B, x = T(B, True), T(x)
    v = -SQRT2 * (x @ B.T).abs().sum(1).mean() + torch.linalg.slogdet(B).logabsdet - 0.5 * len(B) * math.log(2)
    v.backward()
    return {"value": v.item(), "grad_B": N(B.grad)}


def lap_mle_distribution(B, x):
    W = nn.Parameter(T(B))
    x = T(x)
    s = F.linear(x, W)
    one = torch.ones((), dtype=s.dtype)
    prior = torch.distributions.Laplace(0 * one, one / SQRT2)
    v = prior.log_prob(s).sum(-1).mean() + torch.slogdet(W)[1]
    g, = torch.autograd.grad(v, W)
    return {"value": N(v), "grad_B": N(g)}


# ---------------------------------------------------------------- Gaussian NCE
def gauss_nce_autograd(precision, c, x, y, noise_mean, noise_cov):
    P, x, y, m, S = T(precision, True), T(x), T(y), T(noise_mean), T(noise_cov)
    cc = scalar_param(c, P)
    lm = lambda u: -0.5 * torch.einsum("ni,ij,nj->n", u, P, u) + cc
    J = objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), len(y) / len(x))
    gP, gc = torch.autograd.grad(J, (P, cc))
    return {"value": J.item(), "grad_precision": N(gP), "grad_c": gc.item()}


def gauss_nce_bce_negated(precision, c, x, y, noise_mean, noise_cov):
    """BCE-with-logits with all targets one: noise points enter with negated logits."""
    P, u = T(precision, True), T(np.concatenate([x, y]))
    cc = scalar_param(c, P)
    sgn = torch.ones(len(u), dtype=u.dtype)
    sgn[len(x):] = -1
    lp = MultivariateNormal(T(noise_mean), covariance_matrix=T(noise_cov), validate_args=False).log_prob(u)
    logit = sgn * (-0.5 * ((u @ P) * u).sum(1) + cc - lp - math.log(len(y) / len(x)))
    loss = F.binary_cross_entropy_with_logits(logit, torch.ones_like(logit), reduction="sum") / len(x)
    loss.backward()
    return {"value": -loss.item(), "grad_precision": -N(P.grad), "grad_c": -cc.grad.item()}


IMPLEMENTATIONS = [
    ("c-torch-01", "log_sigmoid", log_sigmoid_autograd, "F.logsigmoid + autograd"),
    ("c-torch-02", "log_sigmoid", log_sigmoid_softplus, "softplus with threshold=40, explicit derivative"),
    ("c-torch-03", "sigmoid", sigmoid_explicit, "torch.sigmoid, s(t)s(-t)"),
    ("c-torch-04", "sigmoid", sigmoid_exp_log_autograd, "exp(logsigmoid) + autograd"),
    ("c-torch-05", "nce_from_log_ratios", nce_ratio_logsigmoid, "logsigmoid + backward"),
    ("c-torch-06", "nce_from_log_ratios", nce_ratio_softplus_func, "softplus(threshold=40), torch.func.grad_and_value"),
    ("c-torch-07", "binary_nce", bnce_logsigmoid, "logsigmoid + autograd.grad"),
    ("c-torch-08", "binary_nce", bnce_bce_logits_weights, "BCE-with-logits, sample weights, reduction sum (library's absolute accuracy eps*|t| in the tails)"),
    ("c-torch-09", "binary_nce", bnce_bce_logits_module, "nn.BCEWithLogitsLoss(pos_weight=1), noise as positive class, mean times (1+nu) (absolute accuracy in tails)"),
    ("c-torch-10", "binary_nce", bnce_cross_entropy, "two-class F.cross_entropy (absolute accuracy in tails)"),
    ("c-torch-11", "gaussian_log_density", gauss_cholesky, "Cholesky + solve_triangular"),
    ("c-torch-12", "gaussian_log_density", gauss_distribution, "MultivariateNormal(scale_tril)"),
    ("c-torch-13", "gaussian_log_density", gauss_cov_distribution, "MultivariateNormal(covariance_matrix)"),
    ("c-torch-14", "gaussian_log_density", gauss_cholesky_solve, "cholesky_solve + slogdet"),
    ("c-torch-15", "laplace_ica_log_density", laplace_ld_linear, "F.linear"),
    ("c-torch-16", "laplace_ica_log_density", laplace_ld_norm, "vector_norm ord 1"),
    ("c-torch-17", "laplace_ica_nce", lap_nce_module, "nn.Module with Parameters, MultivariateNormal, backward"),
    ("c-torch-18", "laplace_ica_nce", lap_nce_manual, "manual gradient, einsum"),
    ("c-torch-19", "laplace_ica_mle", lap_mle_autograd, "autograd through slogdet"),
    ("c-torch-20", "laplace_ica_mle", lap_mle_distribution, "torch.distributions.Laplace prior"),
    ("c-torch-21", "gaussian_nce", gauss_nce_autograd, "einsum + autograd"),
    ("c-torch-22", "gaussian_nce", gauss_nce_bce_negated, "BCE-with-logits on negated noise logits, all targets one (gradient: absolute accuracy in tails)"),
]
