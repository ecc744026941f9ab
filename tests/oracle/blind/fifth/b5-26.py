import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def impl(log_ratio_data, log_ratio_noise, nu):
    h_data = sigmoid(log_ratio_data - np.log(nu))
    h_noise = sigmoid(np.log(nu) - log_ratio_noise)
    return (np.sum(np.log(h_data)) + np.sum(np.log(h_noise))) / len(log_ratio_data)
