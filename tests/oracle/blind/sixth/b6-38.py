import numpy as np
from scipy.special import expit


def impl(log_ratio_data, log_ratio_noise, nu):
    n, k = log_ratio_noise.shape
    bias = np.log(k + 1)
    p_pos = np.clip(expit(log_ratio_data - bias), 1e-7, 1 - 1e-7)
    p_neg = np.clip(expit(log_ratio_noise - bias), 1e-7, 1 - 1e-7)
    loss = -np.log(p_pos) - np.log(1 - p_neg).sum(axis=1)
    return {"value": loss.mean()}
