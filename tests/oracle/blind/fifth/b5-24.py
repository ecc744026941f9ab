import numpy as np

CLIP = 5.0


def _sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def impl(log_ratio_data, log_ratio_noise, nu):
    n, k = log_ratio_noise.shape
    zd = np.clip(log_ratio_data, -CLIP, CLIP)
    zn = np.clip(log_ratio_noise - np.log(nu), -CLIP, CLIP)
    pd = _sigmoid(zd)
    pn = _sigmoid(zn)
    value = (np.log(pd).sum() + np.log1p(-pn).sum()) / n
    return {
        "value": value,
        "grad_log_ratio_data": (1 - pd) / n,
        "grad_log_ratio_noise": -pn / n,
    }
