import torch
import torch.nn.functional as F


def masked_sum(values, mask, dim):
    return (values * mask.to(values.dtype)).sum(dim)


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
    log_nu = torch.log(nu)
    g_pos = log_model_data - log_noise_data - log_nu
    g_neg = log_model_noise - log_noise_noise - log_nu.unsqueeze(1)
    ll = F.logsigmoid(g_pos) + masked_sum(F.logsigmoid(-g_neg), mask, dim=1)
    return torch.sum(weights * ll) / torch.sum(weights)
