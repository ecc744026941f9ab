import numpy as np


def impl(log_ratio_data, log_ratio_noise, nu):
    n = log_ratio_data.shape[0]
    log_k = np.log(nu)
    log_ratio_data -= log_k
    log_ratio_noise -= log_k

    per_row = np.logaddexp(0, -log_ratio_data) + np.logaddexp(0, log_ratio_noise).sum(axis=1)
    p_data = 0.5 * (1 + np.tanh(0.5 * log_ratio_data))
    p_noise = 0.5 * (1 + np.tanh(0.5 * log_ratio_noise))
    return {
        "value": per_row.mean(),
        "grad_log_ratio_data": (p_data - 1.0) / n,
        "grad_log_ratio_noise": p_noise / n,
    }
