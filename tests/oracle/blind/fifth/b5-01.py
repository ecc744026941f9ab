import numpy as np


def _log_sigmoid(z):
    return -np.logaddexp(0.0, -z)


def impl(log_ratio_data, log_ratio_noise, nu):
    """NCE objective, k noise draws per observation (rows)."""
    log_k = np.log(nu)
    pos = _log_sigmoid(log_ratio_data - log_k)
    neg = _log_sigmoid(log_k - log_ratio_noise).mean(axis=1)
    return float(np.mean(pos + neg))
