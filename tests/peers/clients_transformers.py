"""transformers: the loss of CLIPModel, of its similarities, and SiglipModel's, which ``forward`` computes: a tiny model
whose towers hand on the embeddings that are given, its own scale and bias."""

from __future__ import annotations

import torch
from transformers import SiglipConfig, SiglipModel
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.clip import modeling_clip

from tests.peers.own_losses import client, unit

_TOWER = {
    "hidden_size": 2,
    "intermediate_size": 2,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
}


def clip(images, texts, log_scale):
    """Similarities of texts (rows) and images, as ``CLIPModel.forward`` makes them."""
    similarity = unit(texts) @ unit(images).T * torch.exp(log_scale)
    return modeling_clip.image_text_contrastive_loss(similarity)


class Tower(torch.nn.Module):
    """In the place of an encoder: what it would say of the inputs is given."""

    def __init__(self, embeddings):
        super().__init__()
        self.embeddings = embeddings

    def forward(self, *args, **kwargs):
        return BaseModelOutputWithPooling(pooler_output=self.embeddings)


def siglip(images, texts, log_scale, bias):
    model = SiglipModel(
        SiglipConfig(
            text_config=_TOWER | {"vocab_size": 2, "bos_token_id": 0, "eos_token_id": 1},
            vision_config=_TOWER | {"image_size": 2, "patch_size": 2},
        )
    )
    model.vision_model, model.text_model = Tower(images), Tower(texts)
    for name, value in (("logit_scale", log_scale), ("logit_bias", bias)):
        del model._parameters[name]
        setattr(model, name, value)
    return model(torch.zeros(1), torch.zeros(1), return_loss=True).loss


CLIENTS = [
    client("modeling_clip.image_text_contrastive_loss", "clip", clip),
    client("SiglipModel.forward, towers given", "siglip", siglip),
]
