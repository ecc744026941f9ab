"""Each package that is judged has its clients and the exact versions it was judged with, its own among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.peers import clients, verdicts
from tests.peers.clients import DISTRIBUTIONS, FRAMEWORKS, PACKAGES

HERE = Path(__file__).parent
ROWS = list(verdicts.read().values())


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name):
    """{distribution: version} of packages/NAME.txt; every line pins one."""
    lines = (HERE / "packages" / f"{name}.txt").read_text(encoding="utf-8").split()
    found = dict(line.split("==") for line in lines)
    return {canonical(distribution): version for distribution, version in found.items()}


def test_a_file_of_versions_is_a_packages_own():
    assert {path.stem for path in (HERE / "packages").glob("*.txt")} <= set(DISTRIBUTIONS)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_clients_and_versions(name):
    assert (HERE / f"clients_{name}.py").exists()
    pinned = pins(name)
    assert {canonical(PACKAGES[name]), "numpy", "scipy", "pytest"} <= set(pinned)


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_recorded_is_of_the_pinned_version(name):
    rows = [row for row in ROWS if row.version.split()[0] == PACKAGES[name]]
    assert rows, f"no verdict is recorded: make test-clients CLIENT={name} ARGS=--record"
    wanted = f"{PACKAGES[name]} {pins(name)[canonical(PACKAGES[name])]}"
    assert {row.version for row in rows} == {wanted}
    assert all(row.vectors and row.machine for row in rows)


def test_one_package_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("NCE_REF_CLIENT", "scipy")
    found, absent = clients.load.__wrapped__()
    assert {client.framework for client in found} == {"scipy"}
    assert set(absent) == {*FRAMEWORKS, *PACKAGES} - {"scipy"}
    assert "asks for scipy" in absent["torch"]
    monkeypatch.setenv("NCE_REF_CLIENT", "sci")
    with pytest.raises(ValueError, match="NCE_REF_CLIENT: got 'sci'; expected one of scipy, "):
        clients.load.__wrapped__()
