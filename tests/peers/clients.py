"""Who is checked: implementations that others wrote, and what people build from them.

Conventions
-----------
client     what is judged: a library's function, or the NCE that one gets from its autodiff
FRAMEWORKS module of the clients -> the distribution that it needs
absent     a framework that cannot be imported: its clients are not judged, and the reason is printed
"""

from __future__ import annotations

import functools
import importlib
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
        for distribution in (FRAMEWORKS[self.framework], self.framework):
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
    for framework, distribution in FRAMEWORKS.items():
        try:
            importlib.import_module(framework)
        except ImportError as error:
            absent[framework] = (
                f"{distribution} is not installed here, its clients are not judged ({error})"
            )
            continue
        module = importlib.import_module(f"tests.peers.clients_{framework}")
        clients += [replace(client, framework=framework) for client in module.CLIENTS]
    return tuple(clients), absent
