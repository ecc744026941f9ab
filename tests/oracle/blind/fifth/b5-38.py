import numpy as np


def impl(log_ratio_data, log_ratio_noise):
    logits = np.concatenate([log_ratio_data, log_ratio_noise])
    y = np.concatenate([np.ones(len(log_ratio_data)), -np.ones(len(log_ratio_noise))])
    return -np.logaddexp(0.0, -y * logits).mean()
