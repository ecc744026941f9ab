import math
import torch
from torch import nn
import torch.nn.functional as F


class CLIPLoss(nn.Module):
    def __init__(self, max_scale=100.0):
        super().__init__()
        self.max_log_scale = math.log(max_scale)

    @staticmethod
    def _ce_diag(logits):
        n = logits.shape[0]
        gap = logits - logits.diagonal()[:, None]
        gap = gap.masked_fill(torch.eye(n, dtype=torch.bool, device=logits.device), torch.finfo(logits.dtype).min)
        return -F.logsigmoid(-gap.logsumexp(-1)).mean()

    def forward(self, images, texts, log_scale):
        img = images / images.norm(dim=-1, keepdim=True)
        txt = texts / texts.norm(dim=-1, keepdim=True)
        scale = torch.clamp(log_scale, max=self.max_log_scale).exp()
        all_txt = txt.detach()       # gathered features
        logits_per_image = scale * img @ all_txt.t()
        logits_per_text = scale * txt @ img.t()
        return (self._ce_diag(logits_per_image) + self._ce_diag(logits_per_text)) / 2


impl = CLIPLoss()
