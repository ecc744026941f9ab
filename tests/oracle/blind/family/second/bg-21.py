import torch
from torch import nn
import torch.nn.functional as F


class SigLipLoss(nn.Module):
    def get_ground_truth(self, device, dtype, num_logits):
        labels = -torch.ones((num_logits, num_logits), device=device, dtype=dtype)
        return 2 * torch.eye(num_logits, device=device, dtype=dtype) + labels

    def get_logits(self, image_features, text_features, logit_scale):
        return logit_scale * image_features @ text_features.T

    def forward(self, images, texts, log_scale, bias):
        images = images / images.norm(dim=-1, keepdim=True)
        texts = texts / texts.norm(dim=-1, keepdim=True)
        logits = self.get_logits(images, texts, log_scale.exp())
        labels = self.get_ground_truth(images.device, images.dtype, images.shape[0])
        return -F.logsigmoid(labels * logits + bias).sum() / images.shape[0]


impl = SigLipLoss()
