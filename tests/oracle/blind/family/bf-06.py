import torch
import torch.nn as nn
import torch.nn.functional as F


class ClipLoss(nn.Module):
    def __init__(self, cache_labels=False):
        super().__init__()
        self.cache_labels = cache_labels

    def get_logits(self, image_features, text_features, logit_scale):
        logits_per_image = logit_scale * image_features @ text_features.T
        logits_per_text = logit_scale * image_features @ text_features.T
        return logits_per_image, logits_per_text

    def forward(self, images, texts, log_scale):
        image_features = F.normalize(images, dim=-1)
        text_features = F.normalize(texts, dim=-1)
        logits_per_image, logits_per_text = self.get_logits(image_features, text_features, log_scale.exp())
        labels = torch.arange(images.shape[0], device=images.device)
        return (F.cross_entropy(logits_per_image, labels) + F.cross_entropy(logits_per_text, labels)) / 2


impl = ClipLoss()
