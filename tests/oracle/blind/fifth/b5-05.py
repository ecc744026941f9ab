import numpy as np


def _softplus(t):
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


def _log_ratio(log_model, log_noise, nu):
    # ln p_m - ln(nu p_n)
    return log_model - (log_noise + np.log(nu))


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    log_nu = np.log(nu)
    u = _log_ratio(log_model_data, log_noise_data, nu) - log_nu
    v = _log_ratio(log_model_noise, log_noise_noise, nu) - log_nu
    n = u.shape[0]
    return (_softplus(-u).sum() + _softplus(v).sum()) / n
