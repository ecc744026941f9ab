"""What is collected where: ``tests/peers`` needs frameworks, ``tests/cluster`` dask and ``tests/schema`` jsonschema:
only when named.

``make test-peers``, ``make test-cluster`` and ``make lint`` name them.
"""

from __future__ import annotations

import gc
from pathlib import Path

PEERS, CLUSTER, SCHEMA = (Path(__file__).parent / name for name in ("peers", "cluster", "schema"))


def pytest_ignore_collect(collection_path, config):
    named = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    apart = collection_path in (PEERS, CLUSTER, SCHEMA)
    return (
        True if apart and not any(path.is_relative_to(collection_path) for path in named) else None
    )


def pytest_collection_modifyitems(items):
    """Long files first, so that none is left to one worker at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish():
    """Spare the garbage collector what the collection made, which lives to the end: walking it again and again took a
    twelfth of the suite's time. What the tests leave is collected as before, at longer intervals."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
