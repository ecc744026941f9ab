"""Optax: ``ntxent``, which takes labels, two of a label here: NT-Xent."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from nce_ref.oracle import Convention, adapters
from tests.peers.clients import Client

jax.config.update("jax_enable_x64", True)


def nt_xent(views, temperature):
    n = len(views) // 2
    return optax.losses.ntxent(views, jnp.tile(jnp.arange(n), 2), temperature)


def client(objective, function):
    adapted = adapters.jax(jax.jit(function), objective)
    return Client("losses.ntxent", objective, adapted, Convention(sense="minimise"))


CLIENTS = [client("nt_xent", nt_xent)]
