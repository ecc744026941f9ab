"""sentence-transformers: MultipleNegativesRankingLoss of pairs, from the embeddings on; its scale is 1/temperature."""

from __future__ import annotations

from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from tests.peers.own_losses import client


def in_batch(anchors, positives, temperature):
    loss = MultipleNegativesRankingLoss(None)
    loss.scale = 1 / temperature
    return loss.compute_loss_from_embeddings([anchors, positives], None)


CLIENTS = [client("MultipleNegativesRankingLoss", "info_nce_in_batch", in_batch)]
