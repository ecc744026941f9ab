import numpy as np
from scipy.special import expit, log_expit


def nce_loss(log_ratio_data, log_ratio_noise, nu):
    """Noise-contrastive objective (Gutmann & Hyvarinen 2012) on log p_m - log p_n."""
    gx = np.asarray(log_ratio_data) - np.log(nu)
    gy = np.asarray(log_ratio_noise) - np.log(nu)
    n = gx.shape[0]
    value = (log_expit(gx).sum() + log_expit(-gy).sum()) / n
    return {
        "value": value,
        "grad_log_ratio_data": expit(-gx) / n,
        "grad_log_ratio_noise": -expit(gy) / n,
    }


impl = nce_loss
