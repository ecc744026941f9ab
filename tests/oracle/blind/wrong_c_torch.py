"""Wrong NCE implementations, PyTorch autograd. Each has exactly one mistake."""
import math
import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2.0)


def _t(a, grad=False):
    t = torch.tensor(a)
    return t.requires_grad_() if grad else t


def _np(t):
    return t.detach().numpy()


def _c(c, like):
    return torch.tensor(float(c), dtype=like.dtype, requires_grad=True)


def _gauss(u, mean, cov):
    n = u.shape[1]
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    return -0.5 * (z * z).sum(0) - L.diagonal().log().sum() - 0.5 * n * math.log(2 * math.pi)


def _nce(td, tn):
    return (F.logsigmoid(td).sum() + F.logsigmoid(-tn).sum()) / td.shape[0]


def nce_clamped(log_ratio_data, log_ratio_noise, nu):
    gd, gn = _t(log_ratio_data, True), _t(log_ratio_noise, True)
    eps = 1e-7
    hd = torch.sigmoid(gd - math.log(nu)).clamp(eps, 1 - eps)
    qn = torch.sigmoid(-(gn - math.log(nu))).clamp(eps, 1 - eps)
    J = (hd.log().sum() + qn.log().sum()) / gd.shape[0]
    a, b = torch.autograd.grad(J, (gd, gn))
    return {"value": J.item(), "grad_log_ratio_data": _np(a), "grad_log_ratio_noise": _np(b)}


def binary_nce_bce_mean(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    md, mn = _t(log_model_data, True), _t(log_model_noise, True)
    td = md - _t(log_noise_data) - math.log(nu)
    tn = mn - _t(log_noise_noise) - math.log(nu)
    logits = torch.cat([td, tn])
    labels = torch.cat([torch.ones_like(td), torch.zeros_like(tn)])
    J = -F.binary_cross_entropy_with_logits(logits, labels)
    a, b = torch.autograd.grad(J, (md, mn))
    return {"value": J.item(), "grad_log_model_data": _np(a), "grad_log_model_noise": _np(b)}


def binary_nce_accumulated(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    md, mn = _t(log_model_data, True), _t(log_model_noise, True)
    T = md.shape[0]
    J_data = F.logsigmoid(md - _t(log_noise_data) - math.log(nu)).sum() / T
    J_data.backward(retain_graph=True)
    J_noise = F.logsigmoid(-(mn - _t(log_noise_noise) - math.log(nu))).sum() / T
    J = J_data + J_noise
    J.backward()
    return {"value": J.item(), "grad_log_model_data": _np(md.grad), "grad_log_model_noise": _np(mn.grad)}


def ica_nce_no_grad_noise(B, c, x, y, noise_mean, noise_cov):
    B, x, y, mu, S = _t(B, True), _t(x), _t(y), _t(noise_mean), _t(noise_cov)
    c = _c(c, B)
    lnu = math.log(y.shape[0] / x.shape[0])

    def logits(u):
        return -SQRT2 * (u @ B.T).abs().sum(1) + c - _gauss(u, mu, S) - lnu

    td = logits(x)
    with torch.no_grad():
        tn = logits(y)
    J = _nce(td, tn)
    gB, gc = torch.autograd.grad(J, (B, c))
    return {"value": J.item(), "grad_B": _np(gB), "grad_c": gc.item()}


def ica_mle_logdet(B, x):
    B, x = _t(B, True), _t(x)
    n = B.shape[0]
    J = -SQRT2 * (x @ B.T).abs().sum(1).mean() + torch.logdet(B) - 0.5 * n * math.log(2.0)
    g, = torch.autograd.grad(J, (B,))
    return {"value": J.item(), "grad_B": _np(g)}


def gaussian_nce_triu(precision, c, x, y, noise_mean, noise_cov):
    P, x, y, mu, S = _t(precision, True), _t(x), _t(y), _t(noise_mean), _t(noise_cov)
    c = _c(c, P)
    lnu = math.log(y.shape[0] / x.shape[0])
    Ps = torch.triu(P) + torch.triu(P, diagonal=1).T

    def logits(u):
        return -0.5 * ((u @ Ps) * u).sum(1) + c - _gauss(u, mu, S) - lnu

    J = _nce(logits(x), logits(y))
    gP, gc = torch.autograd.grad(J, (P, c))
    return {"value": J.item(), "grad_precision": _np(gP), "grad_c": gc.item()}


def gaussian_density_half_logdet(u, mean, cov):
    u, mean, cov = _t(u), _t(mean), _t(cov)
    n = u.shape[1]
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    logdet = L.diagonal().log().sum()
    return {"value": _np(-0.5 * ((z * z).sum(0) + logdet + n * math.log(2 * math.pi)))}


def log_sigmoid_naive(t):
    t = _t(t)
    return {"value": _np(-torch.log1p(torch.exp(-t))), "grad": _np(torch.sigmoid(-t))}


def ica_density_normalised(B, c, u):
    B, u = _t(B), _t(u)
    s = u @ B.T
    lap = torch.distributions.Laplace(s.new_zeros(()), s.new_tensor(1 / SQRT2))
    return {"value": _np(lap.log_prob(s).sum(1) + c)}


def sigmoid_float32(t):
    dtype = t.dtype
    t = torch.as_tensor(t).float()
    return {"value": torch.sigmoid(t).numpy().astype(dtype),
            "grad": (torch.sigmoid(t) * torch.sigmoid(-t)).numpy().astype(dtype)}


IMPLEMENTATIONS = [
    ("c-torch-01", "nce_from_log_ratios", nce_clamped,
     "probabilities clamped to [1e-7, 1-1e-7] before the log, so value and gradients saturate (gradient 0); shows only when |G - ln nu| > about 16"),
    ("c-torch-02", "binary_nce", binary_nce_bce_mean,
     "default mean reduction of binary_cross_entropy_with_logits divides by T_d + T_n instead of T_d; value and gradients too small by 1 + nu, shows everywhere"),
    ("c-torch-03", "binary_nce", binary_nce_accumulated,
     "backward called on the data term and again on the total without zeroing .grad, so grad_log_model_data is doubled; value and noise gradient correct"),
    ("c-torch-04", "laplace_ica_nce", ica_nce_no_grad_noise,
     "noise points scored under torch.no_grad(), so the noise term is missing from grad_B and grad_c; value correct"),
    ("c-torch-05", "laplace_ica_mle", ica_mle_logdet,
     "torch.logdet(B) (ln det B) instead of ln|det B|: NaN value (and wrong, finite grad_B) when det B < 0, correct when det B > 0"),
    ("c-torch-06", "gaussian_nce", gaussian_nce_triu,
     "precision rebuilt from its upper triangle inside autograd, so grad_precision has doubled entries above the diagonal and zeros below; shows for n >= 2, value correct"),
    ("c-torch-07", "gaussian_log_density", gaussian_density_half_logdet,
     "sum of ln diag(L) taken as ln det cov (factor 2 missing), so only 1/4 ln det is subtracted; shows when det cov != 1"),
    ("c-torch-08", "log_sigmoid", log_sigmoid_naive,
     "naive -log1p(exp(-t)) overflows to -inf for very negative t (t < -88 in float32, t < -709 in float64); grad correct"),
    ("c-torch-09", "laplace_ica_log_density", ica_density_normalised,
     "uses the normalised Laplace log_prob, which adds -(n/2) ln 2 to the unnormalised density; shows everywhere as a constant offset"),
    ("c-torch-10", "sigmoid", sigmoid_float32,
     "float64 input is computed in float32 (.float()) and cast back; shows only for float64 input, as relative errors near 1e-8 to 1e-7, and as loss of accuracy or underflow to 0 for t below about -88"),
]
