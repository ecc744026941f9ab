"""Optax: ``ntxent``, which takes labels, as NT-Xent (two of a label) and, several of a label, as SupCon."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from nce_ref.oracle import adapters
from tests.peers.clients import Client

jax.config.update("jax_enable_x64", True)


def nt_xent(views, temperature):
    n = len(views) // 2
    return optax.losses.ntxent(views, jnp.tile(jnp.arange(n), 2), temperature)


def sup_con(embeddings, labels, temperature):
    return optax.losses.ntxent(embeddings, jnp.asarray(labels, int), temperature)


def client(objective, function, remark=""):
    return Client(
        "optax.losses.ntxent", objective, adapters.jax(function, objective), remark=remark
    )


CLIENTS = [client("nt_xent", nt_xent), client("sup_con", sup_con)]
