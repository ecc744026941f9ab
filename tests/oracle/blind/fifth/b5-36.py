import numpy as np

EPS = 1e-6


def _sigmoid(t):
    return 0.5 * (1.0 + np.tanh(0.5 * t))


def impl(log_ratio_data, log_ratio_noise):
    n = log_ratio_data.shape[0]
    d = _sigmoid(log_ratio_data)
    q = _sigmoid(log_ratio_noise)
    value = -np.mean(np.log(d + EPS) + np.log(1 - q + EPS))
    return {
        "value": value,
        "grad_log_ratio_data": (d - 1) / (2 * n),
        "grad_log_ratio_noise": q / (2 * n),
    }
