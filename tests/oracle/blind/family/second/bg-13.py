import torch
from torch import nn
import torch.nn.functional as F


class ClipLoss(nn.Module):
    def __init__(self, cache_eye=True):
        super().__init__()
        self.cache_eye = cache_eye
        self._eye = None

    def _diag_mask(self, n, device):
        if self.cache_eye and self._eye is not None and self._eye.shape[0] == n and self._eye.device == device:
            return self._eye
        eye = torch.eye(n, dtype=torch.bool, device=device)
        if self.cache_eye:
            self._eye = eye
        return eye

    def _directional(self, sim, scale):
        # -log softmax of the diagonal, row-wise
        gap = scale * (sim - sim.diagonal().unsqueeze(1))
        gap = gap.masked_fill(self._diag_mask(sim.shape[0], sim.device), torch.finfo(sim.dtype).min)
        return -F.logsigmoid(-gap.logsumexp(dim=1)).mean()

    def forward(self, images, texts, log_scale):
        images = images / images.norm(dim=1, keepdim=True)
        texts = texts / texts.norm(dim=1, keepdim=True)
        sim = images @ texts.t()
        scale = log_scale.exp()
        return (self._directional(sim, scale) + self._directional(sim.t(), scale)) / 2


impl = ClipLoss()
