import torch
import torch.nn.functional as F


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    # first column: the data word, then its k noise words
    log_model = torch.cat([log_model_data.unsqueeze(1), log_model_noise], dim=1)
    log_noise = torch.cat([log_noise_data.unsqueeze(1), log_noise_noise], dim=1)
    k = log_model_noise.size(1)
    shift = torch.log(log_model.new_tensor(float(k)))
    logits = log_model - log_noise - shift

    sign = torch.full_like(logits, -1.0)
    sign[:, 0] = 1.0
    return -F.logsigmoid(sign * logits).sum()
