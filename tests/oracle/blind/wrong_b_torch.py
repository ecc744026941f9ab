"""Wrong PyTorch implementations: one realistic mistake each."""
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


def objective(G_data, G_noise, nu):
    return (F.logsigmoid(G_data - math.log(nu)).sum() + F.logsigmoid(math.log(nu) - G_noise).sum()) / G_data.numel()


def _gauss(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    return -0.5 * z.square().sum(0) - L.diagonal().log().sum() - 0.5 * u.shape[1] * LOG2PI


def w01(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a, b = T(log_model_data, True), T(log_model_noise, True)
    h = torch.sigmoid(torch.cat([a - T(log_noise_data), b - T(log_noise_noise)]) - math.log(nu))
    labels = torch.cat([torch.ones_like(a), torch.zeros_like(b)]).detach()
    loss = F.binary_cross_entropy(h, labels, reduction="sum") / a.numel()
    loss.backward()
    return {"value": -loss.item(), "grad_log_model_data": -N(a.grad), "grad_log_model_noise": -N(b.grad)}


class LaplaceICA(nn.Module):
    def __init__(self, B, c):
        super().__init__()
        self.B = nn.Parameter(T(B))
        self.c = nn.Parameter(torch.tensor(float(c), dtype=self.B.dtype))

    def forward(self, u):
        return -SQRT2 * F.linear(u, self.B).abs().sum(1) + self.c


def w02(B, c, x, y, noise_mean, noise_cov):
    model = LaplaceICA(B, c)
    u = torch.cat([T(x), T(y)])
    labels = torch.zeros(len(u), dtype=u.dtype)
    labels[:len(x)] = 1
    logits = model(u) - _gauss(u, T(noise_mean), T(noise_cov)) - math.log(len(y) / len(x))
    J = (labels * F.logsigmoid(logits) + (1 - labels) * F.logsigmoid(-logits)).mean()
    J.backward()
    return {"value": J.item(), "grad_B": N(model.B.grad), "grad_c": model.c.grad.item()}


class GaussianModel(nn.Module):
    def __init__(self, precision, c):
        super().__init__()
        self.P = nn.Parameter(T(precision))
        self.c = nn.Parameter(torch.tensor(float(c), dtype=self.P.dtype))

    def forward(self, u):
        return -0.5 * ((u @ self.P) * u).sum(1) + self.c.item()


def w03(precision, c, x, y, noise_mean, noise_cov):
    model = GaussianModel(precision, c)
    x, y, m, S = map(T, (x, y, noise_mean, noise_cov))
    J = objective(model(x) - _gauss(x, m, S), model(y) - _gauss(y, m, S), len(y) / len(x))
    J.backward()
    gc = 0.0 if model.c.grad is None else model.c.grad.item()
    return {"value": J.item(), "grad_precision": N(model.P.grad), "grad_c": gc}


def w04(u, mean, cov):
    d = MultivariateNormal(T(mean), precision_matrix=T(cov), validate_args=False)
    return {"value": N(d.log_prob(T(u)))}


def w05(B, x):
    B, x = T(B, True), T(x)
    v = -SQRT2 * F.linear(x, B).abs().sum(1).mean() + torch.logdet(B) - 0.5 * len(B) * math.log(2)
    v.backward()
    return {"value": v.item(), "grad_B": N(B.grad)}


def w06(log_ratio_data, log_ratio_noise, nu):
    a = torch.from_numpy(np.ascontiguousarray(log_ratio_data)).float().requires_grad_()
    b = torch.from_numpy(np.ascontiguousarray(log_ratio_noise)).float().requires_grad_()
    J = objective(a, b, nu)
    J.backward()
    dt = log_ratio_data.dtype
    return {"value": J.item(), "grad_log_ratio_data": N(a.grad).astype(dt), "grad_log_ratio_noise": N(b.grad).astype(dt)}


def w07(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a, b = T(log_model_data, True), T(log_model_noise, True)
    real = a - T(log_noise_data)
    fake = (b - T(log_noise_noise)).detach()
    J = objective(real, fake, nu)
    J.backward()
    zero = torch.zeros_like(b)
    return {"value": J.item(), "grad_log_model_data": N(a.grad), "grad_log_model_noise": N(b.grad if b.grad is not None else zero)}


def w08(t):
    t = T(t, True)
    v = torch.log(torch.sigmoid(t))
    v.sum().backward()
    return {"value": N(v), "grad": N(t.grad)}


def w09(B, c, x, y, noise_mean, noise_cov):
    B = T(B, True)
    c = torch.tensor(float(c), dtype=B.dtype, requires_grad=True)
    x, y, m, S = map(T, (x, y, noise_mean, noise_cov))
    nu = len(y) / len(x)

    def log_ratio(u):
        log_pm = c - SQRT2 * (u @ B.T).abs().sum(dim=1, keepdim=True)
        return log_pm - _gauss(u, m, S) - math.log(nu)
    J = F.logsigmoid(log_ratio(x)).mean() + nu * F.logsigmoid(-log_ratio(y)).mean()
    J.backward()
    return {"value": J.item(), "grad_B": N(B.grad), "grad_c": c.grad.item()}


def w10(precision, c, x, y, noise_mean, noise_cov):
    P = T(precision, True)
    cc = torch.tensor(float(c), dtype=P.dtype, requires_grad=True)
    x, y, m, S = map(T, (x, y, noise_mean, noise_cov))
    S = S + 1e-6 * torch.eye(len(S), dtype=S.dtype)
    lm = lambda u: cc - 0.5 * torch.einsum("ni,ij,nj->n", u, P, u)
    J = objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), len(y) / len(x))
    J.backward()
    return {"value": J.item(), "grad_precision": N(P.grad), "grad_c": cc.grad.item()}


def w11(B, x):
    B, x = T(B, True), T(x)
    s = F.linear(x, B)
    a = torch.where(s > 0, s, -s)
    v = -SQRT2 * a.sum(1).mean() + torch.linalg.slogdet(B).logabsdet - 0.5 * len(B) * math.log(2)
    v.backward()
    return {"value": v.item(), "grad_B": N(B.grad)}


def w12(log_ratio_data, log_ratio_noise, nu):
    a, b = T(log_ratio_data, True), T(log_ratio_noise, True)
    J_data = F.logsigmoid(a - math.log(nu)).sum() / a.numel()
    J_data.backward(retain_graph=True)
    J = J_data + F.logsigmoid(math.log(nu) - b).sum() / a.numel()
    J.backward()
    return {"value": J.item(), "grad_log_ratio_data": N(a.grad), "grad_log_ratio_noise": N(b.grad)}


def w13(t):
    t = T(t, True)
    v = 0.5 * (1 + torch.tanh(t))
    g, = torch.autograd.grad(v.sum(), t)
    return {"value": N(v), "grad": N(g)}


def w14(u, mean, cov):
    L = torch.linalg.cholesky(T(cov))
    z = (T(u) - T(mean)) @ torch.linalg.inv(L)
    return {"value": N(-0.5 * (z ** 2).sum(-1) - torch.log(torch.diagonal(L)).sum() - 0.5 * z.shape[1] * LOG2PI)}


IMPLEMENTATIONS = [
    ("b-torch-01", "binary_nce", w01, "F.binary_cross_entropy(torch.sigmoid(t)): log clamped at -100 and saturating 1-h; value and gradient wrong in tails (t > 17 on noise in float32, > 37 in float64; t < -100 on data)"),
    ("b-torch-02", "laplace_ica_nce", w02, "mean over all T_d+T_n points instead of sum/T_d: value and gradients too small by the factor 1/(1+nu), everywhere"),
    ("b-torch-03", "gaussian_nce", w03, "the forward uses self.c.item(), so c is not in the graph and its gradient is 0: only grad_c wrong"),
    ("b-torch-04", "gaussian_log_density", w04, "covariance passed as precision_matrix to MultivariateNormal: shows for cov != I"),
    ("b-torch-05", "laplace_ica_mle", w05, "torch.logdet(B) has no absolute value: for det B < 0 the value is NaN and the gradient loses its inv(B).T term; right for det B > 0"),
    ("b-torch-06", "nce_from_log_ratios", w06, ".float() on the inputs: float64 problem computed in float32 (relative error 1e-7), results cast back to the input dtype"),
    ("b-torch-07", "binary_nce", w07, "noise logits detached (GAN habit): grad_log_model_noise is 0, value right"),
    ("b-torch-08", "log_sigmoid", w08, "torch.log(torch.sigmoid(t)): -inf value / NaN gradient in the negative tail, value and gradient flushed to 0 for t > 17 (float32) or > 37 (float64)"),
    ("b-torch-09", "laplace_ica_nce", w09, "keepdim=True makes (T,1) - (T,) broadcast to a (T,T) matrix, hidden by mean(): value and gradients wrong when ln p_n varies over points"),
    ("b-torch-10", "gaussian_nce", w10, "jitter 1e-6*I added to the noise covariance (GP habit): 1e-6 errors in float64, large errors for small covariances"),
    ("b-torch-11", "laplace_ica_mle", w11, "|s| as torch.where(s > 0, s, -s): derivative -1 rather than 0 at an exact kink; gradient only"),
    ("b-torch-12", "nce_from_log_ratios", w12, "backward() called on the data part and again on the total without zero_grad: data gradient doubled, value right"),
    ("b-torch-13", "sigmoid", w13, "tanh identity without halving the argument, (1+tanh(t))/2 = sigmoid(2t): wrong except at t = 0 (value) and saturated tails"),
    ("b-torch-14", "gaussian_log_density", w14, "whitening of row vectors with inv(L) instead of inv(L).T (Mahalanobis of L'L rather than LL'): shows for non-diagonal cov"),
]
