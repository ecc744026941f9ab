"""transformers: the loss of CLIPModel, of its similarities."""

from __future__ import annotations

import torch
from transformers.models.clip import modeling_clip

from tests.peers.own_losses import client, unit


def clip(images, texts, log_scale):
    """Similarities of texts (rows) and images, as ``CLIPModel.forward`` makes them."""
    similarity = unit(texts) @ unit(images).T * torch.exp(log_scale)
    return modeling_clip.image_text_contrastive_loss(similarity)


CLIENTS = [client("modeling_clip.image_text_contrastive_loss", "clip", clip)]
