import numpy as np
from scipy.special import expit, log_expit


def impl(log_ratio_data, log_ratio_noise, nu):
    """J = E_data log h + E_noise log(1 - h)"""
    h_x = log_ratio_data - np.log(nu)
    h_y = log_ratio_noise - np.log(nu)
    value = np.mean(log_expit(h_x)) + np.mean(log_expit(-h_y))
    return {
        "value": value,
        "grad_log_ratio_data": expit(-h_x) / h_x.size,
        "grad_log_ratio_noise": -expit(h_y) / h_y.size,
    }
