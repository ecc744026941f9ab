"""CEBRA: its InfoNCE of similarities."""

from __future__ import annotations

from cebra.models import criterions

from tests.peers.own_losses import client


def from_logits(logit_positive, logits_negative):
    return criterions.infonce(logit_positive, logits_negative)[0]


CLIENTS = [
    client(
        "criterions.infonce",
        "info_nce_from_logits",
        from_logits,
        remark="another objective, as documented: the positive is left out of the denominator",
    ),
]
