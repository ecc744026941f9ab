"""``make test`` leaves the peers and the cluster out, without a skip; naming them brings them in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import CLUSTER, PEERS, SCHEMA, pytest_ignore_collect

TESTS = Path(__file__).parent


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (["tests"], True),
        ([str(TESTS)], True),
        ([str(TESTS / "oracle")], True),
        ([str(PEERS)], False),
        ([str(PEERS / "test_verdicts.py::test_no_verdict_is_left_over")], False),
        ([str(TESTS), str(PEERS)], False),
    ],
)
def test_peers_are_collected_only_where_they_are_named(arguments, left_out):
    config = SimpleNamespace(args=arguments)
    assert (pytest_ignore_collect(PEERS, config) is True) is left_out
    assert pytest_ignore_collect(TESTS / "oracle", config) is None


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [(["tests"], True), ([str(PEERS)], True), ([str(CLUSTER / "test_cluster.py")], False)],
)
def test_the_cluster_is_collected_only_where_it_is_named(arguments, left_out):
    assert (pytest_ignore_collect(CLUSTER, SimpleNamespace(args=arguments)) is True) is left_out


@pytest.mark.parametrize(("arguments", "left_out"), [(["tests"], True), ([str(SCHEMA)], False)])
def test_the_schema_is_collected_only_where_it_is_named(arguments, left_out):
    assert (pytest_ignore_collect(SCHEMA, SimpleNamespace(args=arguments)) is True) is left_out


def test_this_run_has_none_of_them(request):
    """Unless it was asked for them."""
    for apart in (PEERS, CLUSTER):
        if not any(
            Path(argument.split("::")[0]).resolve().is_relative_to(apart)
            for argument in request.config.args
        ):
            assert not any(item.path.is_relative_to(apart) for item in request.session.items)
