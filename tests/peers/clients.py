"""Who is checked: implementations that others wrote, and what people build from them.

Conventions
-----------
client     what is judged: a library's function, or the NCE that one gets from its autodiff
FRAMEWORKS module of the clients -> the distribution that it needs
PACKAGES   the same for packages that bring the losses themselves, each with an environment of its own, of the versions
           in packages/NAME.txt: `make test-clients CLIENT=NAME`, never in CI
absent     a framework that cannot be imported, or a package that is not installed: its clients are not judged, and the
           reason is printed
NCE_REF_CLIENT   the environment variable that names the one framework or package to be judged, all others being absent
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any

from nce_ref.oracle.conventions import OURS, Convention

FRAMEWORKS = {
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "jax": "jax",
    "autograd": "autograd",
    "tensorflow": "tensorflow-cpu",
}
PACKAGES = {
    "sbi": "sbi",
    "lampe": "lampe",
    "cebra": "cebra",
    "contrastive_ne": "contrastive-ne",
    "swyft": "swyft",
    "open_clip": "open_clip_torch",
    "transformers": "transformers",
    "pytorch_metric_learning": "pytorch-metric-learning",
    "info_nce": "info-nce-pytorch",
    "optax": "optax",
    "sentence_transformers": "sentence-transformers",
}
DISTRIBUTIONS = FRAMEWORKS | PACKAGES


@dataclass(frozen=True)
class Client:
    """One implementation under judgement, as a callable with the objective's arguments by name; ``remark`` goes into
    the table."""

    name: str
    objective: str
    implementation: Callable[..., Any] = field(repr=False)
    convention: Convention = OURS
    remark: str = ""
    framework: str = ""

    @property
    def version(self) -> str:
        """The framework's distribution and version."""
        for distribution in (DISTRIBUTIONS[self.framework], self.framework):
            try:
                return f"{distribution} {metadata.version(distribution)}"
            except metadata.PackageNotFoundError:
                continue
        return self.framework


@functools.cache
def load() -> tuple[tuple[Client, ...], dict[str, str]]:
    """Every client that can be judged here, and for the absent frameworks why not."""
    clients: list[Client] = []
    absent: dict[str, str] = {}
    only = os.environ.get("NCE_REF_CLIENT", "")
    if only and only not in DISTRIBUTIONS:
        raise ValueError(
            f"NCE_REF_CLIENT: got {only!r}; expected one of {', '.join(DISTRIBUTIONS)}"
        )
    for framework, distribution in DISTRIBUTIONS.items():
        if why := _missing(framework, distribution, only):
            absent[framework] = f"{distribution}: its clients are not judged ({why})"
            continue
        module = importlib.import_module(f"tests.peers.clients_{framework}")
        clients += [replace(client, framework=framework) for client in module.CLIENTS]
    return tuple(clients), absent


def _missing(framework: str, distribution: str, only: str) -> str:
    """Why there is nothing to judge of it; "" where there is.

    A package counts as there when it is installed: one that is, and fails to import, is a failure and no absence.
    """
    if only not in ("", framework):
        return f"NCE_REF_CLIENT asks for {only}"
    try:
        if framework in PACKAGES:
            metadata.version(distribution)
        else:
            importlib.import_module(framework)
    except (ImportError, metadata.PackageNotFoundError) as error:
        return f"not installed here: {error}"
    return ""
