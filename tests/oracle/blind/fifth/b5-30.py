import numpy as np


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    n, k = log_ratio_noise.shape
    total = 0.0
    for i in range(n):
        ln_nu = np.log(nu[i])
        row = log_ratio_noise[i][mask[i] == 1]
        li = np.logaddexp(0.0, ln_nu - log_ratio_data[i])
        li = li + np.logaddexp(0.0, row - ln_nu).sum()
        total += weights[i] * li
    return total / np.sum(weights)
