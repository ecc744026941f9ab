import numpy as np


def softplus(a):
    return np.logaddexp(0.0, a)


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    valid = np.asarray(mask).astype(bool)
    log_nu = np.log(nu)
    noise = np.where(valid, log_ratio_noise, 0.0)

    data_loss = softplus(log_nu - log_ratio_data)
    noise_loss = np.where(valid, softplus(noise - log_nu[:, None]), 0.0).sum(axis=1)

    total = np.dot(weights, data_loss) + noise_loss.sum()
    return total / weights.sum()
