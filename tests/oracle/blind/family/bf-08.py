import torch
import torch.nn.functional as F


def impl(log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask):
    """Conditional NCE, padded: kappa_i noise points for datum i."""
    keep = mask.bool()
    zero = torch.zeros_like(log_model_noise)
    lm_x = torch.where(keep, log_model_data[:, None].expand_as(log_model_noise), zero)
    lm_y = torch.where(keep, log_model_noise, zero)
    l_yx = torch.where(keep, log_noise_given_data, zero)
    l_xy = torch.where(keep, log_data_given_noise, zero)

    G = (lm_x - lm_y) + (l_yx - l_xy)
    per_pair = torch.where(keep, -F.logsigmoid(G), zero)
    kappa = keep.sum(dim=1).clamp(min=1).to(per_pair.dtype)
    return (2.0 * per_pair.sum(dim=1) / kappa).mean()
