"""``--record`` writes the verdicts of this run into VERDICTS.md instead of asserting what stands there."""

from __future__ import annotations

import pytest

from tests.peers import verdicts
from tests.peers.clients import load

MADE = pytest.StashKey[dict]()


def pytest_addoption(parser):
    parser.addoption(
        "--record",
        action="store_true",
        help="write tests/peers/VERDICTS.md instead of asserting it",
    )


def pytest_configure(config):
    config.stash[MADE] = {}


def pytest_report_header(config):
    """Which frameworks are judged, and why the others are not."""
    clients, absent = load()
    present = sorted({client.version for client in clients})
    return [
        f"peers: {', '.join(present)}",
        *(f"peers, absent: {reason}" for reason in absent.values()),
    ]


def pytest_sessionfinish(session):
    if session.config.getoption("--record") and session.config.stash[MADE]:
        verdicts.write(session.config.stash[MADE], *load())


@pytest.fixture
def recorded(request):
    """Assert a row against the table, or note it down for the table."""

    def compare(row, report):
        if request.config.getoption("--record"):
            request.config.stash[MADE][row.key] = row
            return
        table = verdicts.read()
        assert row.key in table, (
            f"no verdict is recorded for {row.key}: make test-peers ARGS=--record"
        )
        was = table[row.key]
        same = (
            ""
            if was.version == row.version
            else f" (recorded with {was.version}, this is {row.version})"
        )
        assert row.verdict == was.verdict, f"recorded: {was.verdict}, {was.what}{same}\n{report}"

    return compare
