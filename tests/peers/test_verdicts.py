"""What the oracle says of real clients is what is recorded; an absent framework is a skip with its reason, in CI a failure."""

from __future__ import annotations

import os

import pytest

from nce_ref.oracle.tolerance import DTYPES
from tests.peers import verdicts
from tests.peers.clients import FRAMEWORKS, load

CLIENTS, ABSENT = load()
OPTIONAL = ("tensorflow",)  # some 600 MB, for one client


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_framework_is_here(framework):
    if framework in ABSENT:
        if os.environ.get("NCE_REF_CI") and framework not in OPTIONAL:
            pytest.fail(ABSENT[framework])
        pytest.skip(ABSENT[framework])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("client", [pytest.param(c, id=f"{c.framework}-{c.objective}-{c.name}") for c in CLIENTS])
def test_the_verdict_is_the_recorded_one(client, dtype, recorded):
    recorded(*verdicts.judge(client, dtype))


def test_no_verdict_is_left_over(request):
    if request.config.getoption("--record"):
        return
    named = {(c.name, c.version.split()[0], c.objective, dtype) for c in CLIENTS for dtype in DTYPES}
    gone = [key for key in verdicts.read() if key not in named and not any(key[1] in (FRAMEWORKS[name], name) for name in ABSENT)]
    assert not gone, f"recorded, but no client any more: {gone}; make test-peers ARGS=--record"


def test_the_table_reads_back_as_it_was_written(tmp_path, monkeypatch):
    rows = [
        verdicts.Row("-sqrt(2) |u B'|_1 + c", "torch 2.13.0+cpu", "laplace_ica_log_density", "float32", "right"),
        verdicts.Row("x", "scipy 1.17.1", "sigmoid", "float64", "wrong", "3 of 17 vectors fail; |s| at 0"),
    ]
    monkeypatch.setattr(verdicts, "TABLE", tmp_path / "VERDICTS.md")
    assert verdicts.read() == {}
    verdicts.write({row.key: row for row in rows}, {})
    assert verdicts.read() == {row.key: row for row in rows}
    again = verdicts.Row("x", "scipy 1.18", "sigmoid", "float64", "right")
    verdicts.write({again.key: again}, {"torch": "not installed here"})
    assert verdicts.read() == {rows[0].key: rows[0], again.key: again}  # what is absent is kept
    verdicts.write({again.key: again}, {})
    assert verdicts.read() == {again.key: again}
