"""Wrong JAX implementations: one realistic mistake each."""
import math
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
from jax import lax

SQRT2 = math.sqrt(2.0)
LOG2PI = math.log(2.0 * math.pi)
A = jnp.asarray


def safe_abs(s):
    return s * lax.stop_gradient(jnp.sign(s))


def _gauss(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = jsp.linalg.solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * jnp.sum(z * z, 0) - jnp.sum(jnp.log(jnp.diag(L))) - 0.5 * u.shape[1] * LOG2PI


def objective(a, b, nu):
    ln_nu = jnp.log(nu)
    return (jax.nn.log_sigmoid(a - ln_nu).sum() + jax.nn.log_sigmoid(ln_nu - b).sum()) / a.shape[0]


def _pack(v, g, *names):
    return dict({"value": np.asarray(v)}, **{k: np.asarray(z) for k, z in zip(names, g)})


def _lap_sqrt(B, c, x, y, m, S):
    def lm(u):
        s = u @ B.T
        return -SQRT2 * jnp.sqrt(s ** 2).sum(1) + c
    return objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), len(y) / len(x))


_lap_sqrt_vg = jax.jit(jax.value_and_grad(_lap_sqrt, argnums=(0, 1)))


def w01(B, c, x, y, noise_mean, noise_cov):
    v, g = _lap_sqrt_vg(A(B), jnp.asarray(c, B.dtype), A(x), A(y), A(noise_mean), A(noise_cov))
    return _pack(v, g, "grad_B", "grad_c")


def _ls(t):
    return jnp.where(t >= 0, -jnp.log1p(jnp.exp(-t)), t - jnp.log1p(jnp.exp(t)))


_ls_vg = jax.jit(jax.vmap(jax.value_and_grad(_ls)))


def w02(t):
    v, g = _ls_vg(A(t))
    return {"value": np.asarray(v), "grad": np.asarray(g)}


def _bnce(log_model_data, log_noise_data, log_model_noise, log_noise_noise, nu):
    return objective(log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu)


_bnce_vg = jax.jit(jax.value_and_grad(_bnce, argnums=(0, 1)))


def w03(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    v, g = _bnce_vg(A(log_model_data), A(log_noise_data), A(log_model_noise), A(log_noise_noise), nu)
    return _pack(v, g, "grad_log_model_data", "grad_log_model_noise")


def w04(u, mean, cov):
    k = u.shape[0]
    d = A(u) - A(mean)
    L = jnp.linalg.cholesky(A(cov))
    z = jsp.linalg.solve_triangular(L, d.T, lower=True)
    return {"value": np.asarray(-0.5 * (z ** 2).sum(0) - jnp.log(jnp.diag(L)).sum() - 0.5 * k * LOG2PI)}


@jax.jit
@jax.value_and_grad
def _mle_inv(B, x):
    s = x @ B.T
    mixing = jnp.linalg.inv(B)
    return -SQRT2 * jnp.mean(safe_abs(s).sum(1)) + jnp.linalg.slogdet(mixing)[1] - 0.5 * B.shape[0] * math.log(2)


def w05(B, x):
    v, g = _mle_inv(A(B), A(x))
    return {"value": float(v), "grad_B": np.asarray(g)}


def _gauss_loss(P, c, x, y, m, S):
    lm = lambda u: c - 0.5 * jnp.einsum("ni,ij,nj->n", u, P, u)
    return -objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), len(y) / len(x))


_gauss_loss_vg = jax.jit(jax.value_and_grad(_gauss_loss, argnums=(0, 1)))


def w06(precision, c, x, y, noise_mean, noise_cov):
    v, g = _gauss_loss_vg(A(precision), jnp.asarray(c, precision.dtype), A(x), A(y), A(noise_mean), A(noise_cov))
    return _pack(v, g, "grad_precision", "grad_c")


@jax.jit
def _paren(a, b, nu):
    def f(a, b):
        return (jax.nn.log_sigmoid(a - jnp.log(nu)).sum() + jax.nn.log_sigmoid(-b - jnp.log(nu)).sum()) / a.size
    return jax.value_and_grad(f, argnums=(0, 1))(a, b)


def w07(log_ratio_data, log_ratio_noise, nu):
    v, g = _paren(A(log_ratio_data), A(log_ratio_noise), nu)
    return _pack(v, g, "grad_log_ratio_data", "grad_log_ratio_noise")


_naive = jax.jit(jax.vmap(jax.value_and_grad(lambda t: jnp.exp(t) / (1 + jnp.exp(t)))))


def w08(t):
    v, g = _naive(A(t))
    return {"value": np.asarray(v), "grad": np.asarray(g)}


def _lap_centred(B, c, x, y, S):
    lm = lambda u: -SQRT2 * safe_abs(u @ B.T).sum(1) + c
    zero = jnp.zeros(x.shape[1], x.dtype)
    return objective(lm(x) - _gauss(x, zero, S), lm(y) - _gauss(y, zero, S), len(y) / len(x))


_lap_centred_vg = jax.jit(jax.value_and_grad(_lap_centred, argnums=(0, 1)))


def w09(B, c, x, y, noise_mean, noise_cov):
    v, g = _lap_centred_vg(A(B), jnp.asarray(c, B.dtype), A(x), A(y), A(noise_cov))
    return _pack(v, g, "grad_B", "grad_c")


@jax.jit
def _neg_sampling(a, b):
    def f(a, b):
        return (jax.nn.log_sigmoid(a).sum() + jax.nn.log_sigmoid(-b).sum()) / a.size
    return jax.value_and_grad(f, argnums=(0, 1))(a, b)


def w10(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    v, g = _neg_sampling(A(log_model_data), A(log_model_noise))
    return _pack(v, g, "grad_log_model_data", "grad_log_model_noise")


def _gnce_inv_nu(P, c, x, y, m, S):
    lm = lambda u: c - 0.5 * jnp.sum((u @ P) * u, 1)
    return objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), x.shape[0] / y.shape[0])


_gnce_inv_nu_vg = jax.jit(jax.value_and_grad(_gnce_inv_nu, argnums=(0, 1)))


def w11(precision, c, x, y, noise_mean, noise_cov):
    v, g = _gnce_inv_nu_vg(A(precision), jnp.asarray(c, precision.dtype), A(x), A(y), A(noise_mean), A(noise_cov))
    return _pack(v, g, "grad_precision", "grad_c")


def w12(B, c, u):
    W = jnp.array(B, dtype=jnp.float32)
    return {"value": np.asarray(-SQRT2 * jnp.abs(A(u) @ W.T).sum(1) + c)}


def w13(t):
    s = jax.nn.sigmoid(A(t))
    return {"value": np.asarray(jnp.log(s + 1e-8)), "grad": np.asarray(jax.nn.sigmoid(-A(t)))}


IMPLEMENTATIONS = [
    ("b-jax-01", "laplace_ica_nce", w01, "|s| as sqrt(s**2): gradient NaN at an exact kink b_i.u = 0; value right everywhere (bar under/overflow of s**2)"),
    ("b-jax-02", "log_sigmoid", w02, "single jnp.where over two branches: gradient NaN in the tails (inf*0 from the untaken branch: |t| > 709 in float64, > 88 in float32); value right"),
    ("b-jax-03", "binary_nce", w03, "argnums=(0, 1) after reordering of the arguments: the second gradient is that of log_noise_data, returned as grad_log_model_noise (wrong sign and length T_d)"),
    ("b-jax-04", "gaussian_log_density", w04, "dimension taken as u.shape[0] (number of points) in the 2*pi constant: shows when N != n"),
    ("b-jax-05", "laplace_ica_mle", w05, "ln|det| of the mixing matrix inv(B) instead of B (sign of the log-det term): value wrong for |det B| != 1, gradient always"),
    ("b-jax-06", "gaussian_nce", w06, "returns the loss to minimise, -J, and its gradients: sign of everything wrong"),
    ("b-jax-07", "nce_from_log_ratios", w07, "noise term log_sigmoid(-G - ln nu) instead of log_sigmoid(-(G - ln nu)): shows for nu != 1"),
    ("b-jax-08", "sigmoid", w08, "exp(t)/(1+exp(t)): NaN for t > 709 (float64), > 88 (float32); the gradient is 1 instead of 0 already from half of that (t > 355, > 44), and loses relative accuracy by cancellation for moderate t > 0"),
    ("b-jax-09", "laplace_ica_nce", w09, "noise density evaluated with zero mean (noise_mean ignored): shows for noise_mean != 0"),
    ("b-jax-10", "binary_nce", w10, "word2vec negative sampling: h = sigma(ln p_m), the term ln(nu p_n) is left out: shows unless nu p_n = 1"),
    ("b-jax-11", "gaussian_nce", w11, "nu inverted, T_d/T_n, in h: shows for T_n != T_d"),
    ("b-jax-12", "laplace_ica_log_density", w12, "B cast to float32 (float64 results carry only 7 digits, though their dtype is float64): shows for float64 input only"),
    ("b-jax-13", "log_sigmoid", w13, "log(sigmoid(t) + 1e-8): value off by 1e-8 relative to h, saturates at -18.4 in the negative tail, positive (+1e-8) for large t in float64; gradient right"),
]
