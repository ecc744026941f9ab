"""JAX implementations, gradients by autodiff."""
import math
import functools
import numpy as np
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

jax.config.update("jax_enable_x64", True)

SQRT2 = math.sqrt(2.0)
LOG_2PI = math.log(2.0 * math.pi)
logsig = jax.nn.log_sigmoid


def absolute(s):
    # derivative 0 at s = 0 (that of jnp.abs is 1 there)
    return s * jax.lax.stop_gradient(jnp.sign(s))


def scal(v, like):
    return jnp.asarray(v, dtype=like.dtype)


def out(names, value, grads):
    res = {"value": float(value)}
    for k, g in zip(names, grads):
        g = np.asarray(g)
        res[k] = float(g) if g.ndim == 0 else g
    return res


def log_gauss(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return (-0.5 * jnp.sum(z * z, axis=0) - jnp.sum(jnp.log(jnp.diag(L)))
            - 0.5 * u.shape[1] * LOG_2PI)


def log_laplace(u, B, c):
    return -SQRT2 * jnp.sum(absolute(u @ B.T), axis=1) + c


def log_quad(u, P, c):
    return -0.5 * jnp.sum((u @ P) * u, axis=1) + c


def nce(G_d, G_n, log_nu):
    return (jnp.sum(logsig(G_d - log_nu)) + jnp.sum(logsig(log_nu - G_n))) / G_d.shape[0]


# 01
def _ls_01(t):
    return jnp.where(t >= 0, -jnp.log1p(jnp.exp(-t)), t - jnp.log1p(jnp.exp(t)))


_g_01 = jax.jit(jax.grad(lambda t: jnp.sum(_ls_01(t))))
_v_01 = jax.jit(_ls_01)


def wrong_01(t):
    return {"value": np.asarray(_v_01(t)), "grad": np.asarray(_g_01(t))}


# 02
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_02(P, c, x, y, m, C):
    nu = y.shape[0] // x.shape[0]
    return nce(log_quad(x, P, c) - log_gauss(x, m, C),
               log_quad(y, P, c) - log_gauss(y, m, C), jnp.log(nu).astype(x.dtype))


def wrong_02(precision, c, x, y, noise_mean, noise_cov):
    v, g = _f_02(precision, scal(c, x), x, y, noise_mean, noise_cov)
    return out(("grad_precision", "grad_c"), v, g)


# 03
def _ica_03(u, B, c):
    s = u @ B.T
    return -SQRT2 * jnp.sum(absolute(s), axis=1) + jnp.linalg.slogdet(B)[1] + c


@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_03(B, c, x, y, m, C):
    return nce(_ica_03(x, B, c) - log_gauss(x, m, C),
               _ica_03(y, B, c) - log_gauss(y, m, C), math.log(y.shape[0] / x.shape[0]))


def wrong_03(B, c, x, y, noise_mean, noise_cov):
    v, g = _f_03(B, scal(c, x), x, y, noise_mean, noise_cov)
    return out(("grad_B", "grad_c"), v, g)


# 04
@jax.jit
def _f_04(B, x):
    n = x.shape[1]

    def objective(W):
        s = x @ W.T
        ll = -SQRT2 * jnp.mean(jnp.sum(absolute(s), axis=1))
        return ll + jnp.linalg.slogdet(B)[1] - 0.5 * n * math.log(2.0)

    return jax.value_and_grad(objective)(B)


def wrong_04(B, x):
    v, g = _f_04(B, x)
    return out(("grad_B",), v, (g,))


# 05
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_05(lmd, lmn, lnd, lnn, log_nu):
    t_d = jnp.clip(lmd - lnd - log_nu, -30.0, 30.0)
    t_n = jnp.clip(lmn - lnn - log_nu, -30.0, 30.0)
    return (jnp.sum(logsig(t_d)) + jnp.sum(logsig(-t_n))) / t_d.shape[0]


def wrong_05(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    v, g = _f_05(log_model_data, log_model_noise, log_noise_data, log_noise_noise,
                 scal(math.log(nu), log_model_data))
    return out(("grad_log_model_data", "grad_log_model_noise"), v, g)


# 06
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_06(P, c, x, y, m, C):
    C = C + 1e-6 * jnp.eye(C.shape[0], dtype=C.dtype)  # keep the Cholesky happy
    return nce(log_quad(x, P, c) - log_gauss(x, m, C),
               log_quad(y, P, c) - log_gauss(y, m, C), math.log(y.shape[0] / x.shape[0]))


def wrong_06(precision, c, x, y, noise_mean, noise_cov):
    v, g = _f_06(precision, scal(c, x), x, y, noise_mean, noise_cov)
    return out(("grad_precision", "grad_c"), v, g)


# 07
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_07(lmd, lmn, lnd, lnn, log_nu):
    T_d = lmd.shape[0]
    k = lmn.shape[0] // T_d
    t_d = lmd - lnd - log_nu
    t_n = (lmn - lnn - log_nu)[:k * T_d].reshape(T_d, k)
    return jnp.mean(logsig(t_d) + jnp.sum(logsig(-t_n), axis=1))


def wrong_07(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    v, g = _f_07(log_model_data, log_model_noise, log_noise_data, log_noise_noise,
                 scal(math.log(nu), log_model_data))
    return out(("grad_log_model_data", "grad_log_model_noise"), v, g)


# 08
@jax.jit
def _f_08(B, c, u):
    s = u @ B.T
    return -SQRT2 * jnp.sum(jnp.sqrt(s ** 2 + 1e-6), axis=1) + c


def wrong_08(B, c, u):
    return {"value": np.asarray(_f_08(B, scal(c, u), u))}


# 09
@jax.jit
def _f_09(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    half_logdet = 0.5 * jnp.sum(jnp.log(jnp.diag(L)))
    return -0.5 * jnp.sum(z ** 2, axis=0) - half_logdet - 0.5 * u.shape[1] * LOG_2PI


def wrong_09(u, mean, cov):
    return {"value": np.asarray(_f_09(u, mean, cov))}


# 10
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_10(P, c, x, y, m, C):
    def log_model(u):
        return -0.5 * jnp.sum((u @ P) * u) + c
    return nce(log_model(x) - log_gauss(x, m, C),
               log_model(y) - log_gauss(y, m, C), math.log(y.shape[0] / x.shape[0]))


def wrong_10(precision, c, x, y, noise_mean, noise_cov):
    v, g = _f_10(precision, scal(c, x), x, y, noise_mean, noise_cov)
    return out(("grad_precision", "grad_c"), v, g)


# 11
@jax.jit
@jax.value_and_grad
def _f_11(B, x):
    n = len(x)
    s = x @ B.T
    return (-SQRT2 * jnp.mean(jnp.sum(absolute(s), axis=1)) + jnp.linalg.slogdet(B)[1]
            - 0.5 * n * math.log(2.0))


def wrong_11(B, x):
    v, g = _f_11(B, x)
    return out(("grad_B",), v, (g,))


# 12
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_12(gd, gn, nu):
    T_d = gd.shape[0]
    log_nu = jnp.log(nu)
    data = jnp.sum(logsig(gd - log_nu)) / T_d
    noise = nu * jnp.sum(logsig(log_nu - gn)) / T_d
    return data + noise


def wrong_12(log_ratio_data, log_ratio_noise, nu):
    v, g = _f_12(log_ratio_data, log_ratio_noise, scal(nu, log_ratio_data))
    return out(("grad_log_ratio_data", "grad_log_ratio_noise"), v, g)


# 13
def _noise_13(d, C):
    L = jnp.linalg.cholesky(C)
    z = solve_triangular(L, d.T, lower=True)
    return (-0.5 * jnp.sum(z * z, axis=0) - jnp.sum(jnp.log(jnp.diag(L)))
            - 0.5 * d.shape[1] * LOG_2PI)


@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_13(B, c, x, y, m, C):
    G_d = log_laplace(x, B, c) - _noise_13(x - m, C)
    G_n = log_laplace(y, B, c) - _noise_13(y, C)
    return nce(G_d, G_n, math.log(y.shape[0] / x.shape[0]))


def wrong_13(B, c, x, y, noise_mean, noise_cov):
    v, g = _f_13(B, scal(c, x), x, y, noise_mean, noise_cov)
    return out(("grad_B", "grad_c"), v, g)


# 14
@jax.jit
@functools.partial(jax.value_and_grad, argnums=(0, 1))
def _f_14(gd, gn, log_nu):
    return nce(gd, gn, log_nu)


def wrong_14(log_ratio_data, log_ratio_noise, nu):
    gd = jnp.asarray(log_ratio_data, dtype=jnp.float32)
    gn = jnp.asarray(log_ratio_noise, dtype=jnp.float32)
    v, g = _f_14(gd, gn, scal(math.log(nu), gd))
    return out(("grad_log_ratio_data", "grad_log_ratio_noise"), v,
               [a.astype(log_ratio_data.dtype) for a in g])


# 15
@jax.jit
@jax.value_and_grad
def _f_15(B, x):
    n = x.shape[1]
    s = x @ B.T
    return (-SQRT2 * jnp.mean(jnp.sum(jnp.abs(s), axis=1)) + jnp.linalg.slogdet(B)[1]
            - 0.5 * n * math.log(2.0))


def wrong_15(B, x):
    v, g = _f_15(B, x)
    return out(("grad_B",), v, (g,))


IMPLEMENTATIONS = [
    ("a-jax-01", "log_sigmoid", wrong_01,
     "jnp.where over two overflowing branches: value right, but grad is nan for large |t| (above about 88 in float32, 709 in float64) because the unselected branch gives 0*inf."),
    ("a-jax-02", "gaussian_nce", wrong_02,
     "nu is computed by integer division T_n // T_d in ln nu; everything is wrong when T_n is not a multiple of T_d (infinite when T_n < T_d)."),
    ("a-jax-03", "laplace_ica_nce", wrong_03,
     "ln|det B| is added to the unnormalised model, whose normalisation c should carry alone; value and gradients wrong when |det B| != 1, grad_B always."),
    ("a-jax-04", "laplace_ica_mle", wrong_04,
     "the differentiated function takes the log-determinant of the closed-over B rather than of its argument, so grad_B lacks the inv(B)' term; value right."),
    ("a-jax-05", "binary_nce", wrong_05,
     "the logit G - ln nu is clipped to [-30, 30] 'for stability': value saturates and gradients are zero beyond; wrong only for |G - ln nu| > 30."),
    ("a-jax-06", "gaussian_nce", wrong_06,
     "jitter 1e-6 is added to the diagonal of noise_cov before the Cholesky factorisation; error about 1e-6 (float64) for unit covariance, gross for small or nearly singular covariances."),
    ("a-jax-07", "binary_nce", wrong_07,
     "noise points are reshaped to (T_d, T_n//T_d) after truncation, so the remaining T_n mod T_d noise points are dropped (zero gradient); wrong when T_n is not a multiple of T_d."),
    ("a-jax-08", "laplace_ica_log_density", wrong_08,
     "|s| is smoothed as sqrt(s^2 + 1e-6); error of 1.4e-3 per component at s = 0, about 1e-6 for s of order 1."),
    ("a-jax-09", "gaussian_log_density", wrong_09,
     "the log-determinant term is halved twice (0.5*sum ln diag L instead of sum ln diag L); wrong when det cov != 1."),
    ("a-jax-10", "gaussian_nce", wrong_10,
     "the sum in the model's quadratic form lacks axis=1, so all points share one summed scalar that broadcasts; value and gradients wrong with more than one point."),
    ("a-jax-11", "laplace_ica_mle", wrong_11,
     "the constant (n/2) ln 2 uses the number of points T_d instead of the dimension n; only value wrong, when T_d != n."),
    ("a-jax-12", "nce_from_log_ratios", wrong_12,
     "the noise term is weighted by nu although it is already a sum divided by T_d (nu applied twice); value and noise gradient wrong when nu != 1."),
    ("a-jax-13", "laplace_ica_nce", wrong_13,
     "noise_mean is subtracted from the data but not from the noise points in ln p_n; everything wrong when noise_mean != 0."),
    ("a-jax-14", "nce_from_log_ratios", wrong_14,
     "inputs are cast to float32 whatever their dtype (and gradients cast back): float64 input gives only single precision, about 1e-7 relative; float32 input right."),
    ("a-jax-15", "laplace_ica_mle", wrong_15,
     "relies on autodiff of jnp.abs, whose derivative at 0 is 1 in this JAX version (0.10) instead of 0; only grad_B is wrong, and only when some b_i.x = 0 exactly with x != 0 (kink)."),
]
