import numpy as np


def log_sigmoid(a):
    return -np.logaddexp(0.0, -a)


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    w = weights.reshape(-1, 1)
    log_nu = np.log(nu)
    data = log_sigmoid(log_ratio_data - log_nu)
    noise = log_sigmoid(log_nu[:, None] - log_ratio_noise) * mask
    total = np.sum(w * data) + np.sum(w * noise)
    return total / np.sum(w)
