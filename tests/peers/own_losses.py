"""What the clients of packages share: a package's own function, handed the inputs in the dtype under judgement."""

from __future__ import annotations

import functools

import torch

from nce_ref.oracle import Convention, adapters
from tests.peers.clients import Client

torch.set_num_threads(1)
BCE_OF_PAIRS = Convention(sense="minimise", reduction="mean")
HALF = Convention(sense="minimise", reduction="half")


def unit(z):
    """Rows of length 1: where a package leaves that to the caller."""
    return torch.nn.functional.normalize(z, dim=-1)


def client(name, objective, function, convention=None, remark=""):
    """``objective`` may name a layout: nce_from_log_ratios/equal. torch's default dtype is the tensors' meanwhile."""
    bare, _, layout = objective.partition("/")

    @functools.wraps(function)
    def typed(**inputs):
        before = torch.get_default_dtype()
        torch.set_default_dtype(next(x.dtype for x in inputs.values() if hasattr(x, "dtype")))
        try:
            return function(**inputs)
        finally:
            torch.set_default_dtype(before)

    adapted = adapters.torch(typed, bare, layout=layout or "flat")
    minimised = Convention(sense="minimise")
    return Client(name, objective, adapted, convention or minimised, remark)
