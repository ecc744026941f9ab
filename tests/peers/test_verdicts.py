"""What the oracle says of real clients is what is recorded; an absent framework is a skip with its reason, in CI a
failure."""

from __future__ import annotations

import os
from dataclasses import replace

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
@pytest.mark.parametrize(
    "client", [pytest.param(c, id=f"{c.framework}-{c.objective}-{c.name}") for c in CLIENTS]
)
def test_the_verdict_is_the_recorded_one(client, dtype, recorded):
    recorded(*verdicts.judge(client, dtype))


def test_no_verdict_is_left_over(request):
    if request.config.getoption("--record"):
        return
    gone = [key for key in verdicts.read() if not verdicts.is_known(key, CLIENTS, ABSENT)]
    assert not gone, f"recorded, but no client any more: {gone}; make test-peers ARGS=--record"


def test_the_table_reads_back_as_it_was_written(tmp_path, monkeypatch):
    rows = [
        verdicts.Row(
            "-sqrt(2) |u B'|_1 + c",
            "torch 2.13.0+cpu",
            "laplace_ica_log_density",
            "float32",
            "right",
        ),
        verdicts.Row(
            "scipy.special.expit",
            "scipy 1.17.1",
            "sigmoid",
            "float64",
            "wrong",
            "3 of 17 vectors fail; |s| at 0",
        ),
    ]
    monkeypatch.setattr(verdicts, "TABLE", tmp_path / "VERDICTS.md")
    assert verdicts.read() == {}
    verdicts.write({row.key: row for row in rows}, (), ())
    assert verdicts.read() == {row.key: row for row in rows}
    scipy = [client for client in CLIENTS if client.framework == "scipy"]
    verdicts.write({}, scipy, ["torch"])  # what was not run is kept, and what is absent
    assert verdicts.read() == {row.key: row for row in rows}
    again = verdicts.Row("scipy.special.expit", "scipy 1.18", "sigmoid", "float64", "right")
    verdicts.write({again.key: again}, scipy, ())  # the client of torch is nobody's any more
    assert verdicts.read() == {again.key: again}


def test_a_record_that_differs_is_seen(monkeypatch, recorded, request):
    if request.config.getoption("--record"):
        return
    client = next(client for client in CLIENTS if client.name == "scipy.special.expit")
    row, report = verdicts.judge(client, "float64")
    recorded(row, report)
    monkeypatch.setattr(
        verdicts, "read", lambda: {row.key: replace(row, verdict="wrong", version="scipy 0.1")}
    )
    with pytest.raises(
        AssertionError, match=r"recorded: wrong, .*\(recorded with scipy 0.1, this is scipy "
    ):
        recorded(row, report)
    monkeypatch.setattr(verdicts, "read", dict)
    with pytest.raises(AssertionError, match="no verdict is recorded"):
        recorded(row, report)
