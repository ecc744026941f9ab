import torch
import torch.nn as nn

eps = 1e-7


class NCEAverage(nn.Module):
    """After Wu et al. 2018: the constant Z is set from the first batch."""

    def __init__(self):
        super().__init__()
        self.register_buffer("params", torch.tensor([-1.0], dtype=torch.float64))

    def forward(self, log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        out_pos, out_neg = log_model_data.exp(), log_model_noise.exp()
        if self.params[0].item() < 0:
            self.params[0] = out_neg.detach().mean().double()
        Z = self.params[0].to(out_pos.dtype)
        p_pos, p_neg = out_pos / Z, out_neg / Z

        q_pos, q_neg = nu * log_noise_data.exp(), nu * log_noise_noise.exp()
        ln_pmt = torch.log(p_pos / (p_pos + q_pos + eps))
        ln_pon = torch.log(q_neg / (p_neg + q_neg + eps))
        return -(ln_pmt.sum() + ln_pon.sum()) / log_model_data.size(0)


impl = NCEAverage()
