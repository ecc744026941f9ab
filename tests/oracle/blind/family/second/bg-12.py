import torch
import torch.nn.functional as F


class ConditionalNCE(torch.nn.Module):
    """Ceylan & Gutmann's CNCE with a varying number of noise points per datum."""

    def forward(self, log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask):
        m = mask.bool()
        zero = torch.zeros_like(log_model_noise)
        lm_y = torch.where(m, log_model_noise, zero)
        lc_yx = torch.where(m, log_noise_given_data, zero)
        lc_xy = torch.where(m, log_data_given_noise, zero)

        G = (log_model_data[:, None] - lm_y) + (lc_yx - lc_xy)
        terms = torch.where(m, -F.logsigmoid(G), zero)
        kappa = m.sum(dim=1).to(terms.dtype)
        row = 2.0 * terms.sum(dim=1) / kappa.clamp(min=1)
        return row.sum() / row.shape[0]


impl = ConditionalNCE()
