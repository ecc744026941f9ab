import numpy as np


def log_expit(a):
    return np.where(a > 0, -np.log1p(np.exp(-np.abs(a))), a - np.log1p(np.exp(-np.abs(a))))


def impl(log_ratio_data, log_ratio_noise, nu=1.0):
    J_data = np.mean(log_expit(log_ratio_data))
    J_noise = np.mean(log_expit(-log_ratio_noise))
    return J_data + J_noise
