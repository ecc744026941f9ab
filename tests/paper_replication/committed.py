"""What a committed report holds, judged again from its runs; and its figures, drawn with or without matplotlib."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from paper_replication import figures
from paper_replication.claims import judge
from paper_replication.report import CLAIMS_FILE


def judged_again(study, evidence, claims, nothing=1e-12) -> dict[str, Any]:
    """Judgements by claim; the committed numbers and verdicts are theirs, ``nothing`` being as good as 0."""
    text = (study.committed / CLAIMS_FILE).read_text(encoding="utf-8")
    found = {one["id"]: one for one in json.loads(text)}
    judged = {claim.id: judge(claim, claim.estimand(evidence)) for claim in claims}
    assert set(found) == set(judged)
    for name, one in judged.items():
        assert found[name]["verdict"] == one.verdict
        value = None if one.estimate is None else one.estimate.value
        assert found[name]["estimate"] == pytest.approx(value, rel=1e-9, abs=nothing)
    return judged


def _subplots(rows: int, columns: int, **_: Any) -> Any:
    panels = np.empty((rows, columns), dtype=object)
    for place in np.ndindex(panels.shape):
        panels[place] = MagicMock()
    return panels.squeeze()


@contextmanager
def drawing(monkeypatch, picture: str, function: str) -> Iterator[tuple[Callable, Callable]]:
    """(``function`` of the module ``picture``, ``Figure``): where matplotlib is not installed, all of it is a stand-in
    that takes any call: what is left to test is whether there was something to draw."""
    is_here = figures.matplotlib_is_here()
    if not is_here:
        for part in ("matplotlib", "matplotlib.figure", "matplotlib.ticker"):
            monkeypatch.setitem(sys.modules, part, MagicMock())
        sys.modules["matplotlib.figure"].Figure.return_value.subplots.side_effect = _subplots
        monkeypatch.delitem(sys.modules, picture, raising=False)
    module = importlib.import_module(picture)
    yield getattr(module, function), module.Figure
    if not is_here:
        sys.modules.pop(picture, None)
