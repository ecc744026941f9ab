import torch
import torch.nn.functional as F


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    n, k = log_ratio_noise.shape
    log_nu = torch.log(nu)
    pos = F.binary_cross_entropy_with_logits(
        log_ratio_data - log_nu, torch.ones_like(log_ratio_data), reduction="none")
    neg = F.binary_cross_entropy_with_logits(
        log_ratio_noise - log_nu[:, None], torch.zeros_like(log_ratio_noise), reduction="none")
    per_example = pos + neg.sum(dim=1)
    return (weights * per_example).mean()
