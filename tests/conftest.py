"""What is collected where: ``tests/peers`` needs frameworks, and runs only when it is named (``make test-peers``)."""

from __future__ import annotations

from pathlib import Path

PEERS = Path(__file__).parent / "peers"


def pytest_ignore_collect(collection_path, config):
    named = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    return True if collection_path == PEERS and not any(path.is_relative_to(PEERS) for path in named) else None
