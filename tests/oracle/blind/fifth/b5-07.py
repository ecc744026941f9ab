import numpy as np


def impl(log_ratio_data, log_ratio_noise, nu):
    """ln sigma(G - ln nu) = G - ln(e^G + nu);  ln sigma(ln nu - G) = ln nu - ln(e^G + nu)."""
    g = np.asarray(log_ratio_data, dtype=float)
    q = np.asarray(log_ratio_noise, dtype=float)
    ln_nu = np.log(nu)
    post_data = np.minimum(0.0, g - ln_nu) - np.log1p(np.exp(-np.abs(g - ln_nu)))
    post_noise = np.minimum(0.0, ln_nu - q) - np.log1p(np.exp(-np.abs(ln_nu - q)))
    return (post_data.sum() + post_noise.sum()) / g.size
