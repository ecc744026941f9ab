import numpy as np


def _log_sigmoid(t):
    return -np.logaddexp(0.0, -t)


def _sigmoid(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1.0, e) / (1.0 + e)


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
    keep = np.asarray(mask).astype(bool)
    w = np.asarray(weights)
    log_nu = np.log(nu)

    g_data = log_model_data - log_noise_data - log_nu
    # padded slots may hold anything: fill them before any arithmetic
    lm = np.where(keep, log_model_noise, 0)
    ln = np.where(keep, log_noise_noise, 0)
    g_noise = lm - ln - log_nu[:, None]

    per_row = _log_sigmoid(g_data) + np.sum(_log_sigmoid(-g_noise) * keep, axis=1)
    total = w.sum()
    grad_noise = np.where(keep, -_sigmoid(g_noise), 0.0) * (w / total)[:, None]
    return {
        "value": np.dot(w, per_row) / total,
        "grad_log_model_data": w * _sigmoid(-g_data) / total,
        "grad_log_model_noise": grad_noise,
    }
