"""open_clip: its losses of one device.

Loaded from the file loss.py alone: the package imports torchvision, for images.
"""

from __future__ import annotations

import importlib.util
from importlib import metadata

import torch

from tests.peers.own_losses import client, unit

_SPEC = importlib.util.spec_from_file_location(
    "open_clip_loss", metadata.distribution("open_clip_torch").locate_file("open_clip/loss.py")
)
loss = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(loss)


def clip(images, texts, log_scale):
    return loss.ClipLoss()(unit(images), unit(texts), torch.exp(log_scale))


def siglip(images, texts, log_scale, bias):
    return loss.SigLipLoss()(unit(images), unit(texts), torch.exp(log_scale), bias)


CLIENTS = [client("ClipLoss", "clip", clip), client("SigLipLoss", "siglip", siglip)]
