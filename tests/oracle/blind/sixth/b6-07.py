import numpy as np


def logsig(t):
    return np.where(t > 0, 0, t) - np.log1p(np.exp(-np.abs(t)))


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
    valid = np.asarray(mask) > 0
    count = valid.sum(axis=1)
    offset = np.log(np.maximum(count, 1)).astype(log_model_data.dtype)
    pos = logsig(log_model_data - log_noise_data - offset)

    g = np.zeros_like(log_model_noise)
    np.subtract(log_model_noise, log_noise_noise, out=g, where=valid)
    neg = np.where(valid, logsig(offset[:, None] - g), 0).sum(axis=1)
    return {"value": (weights * pos + neg).sum() / weights.sum()}
