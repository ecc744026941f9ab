"""CONTRASTIVE.md keeps its promises: titles that docstrings send the reader to, files and names that exist, numbers
that the code gives."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import population_objectives as po
from nce_ref.oracle.objectives import OBJECTIVES

PACKAGE = Path(nr.__file__).parent
TEXT = (PACKAGE / "CONTRASTIVE.md").read_text(encoding="utf-8")


def cells(text, head):
    """Rows of the table whose head begins so, without head and rule."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
    return found


def missing_titles(text):
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    wanted = {" ".join(t.split()) for t in re.findall(r"CONTRASTIVE\.md,\s+\*([^*]+)\*", sources)}
    assert {"Certificates", "Optima"} <= wanted
    return wanted - set(re.findall(r"^## (.+)$", text, flags=re.MULTILINE))


def missing_files(text):
    listed = re.findall(r"`([a-z_/]+\.py)`", text)
    assert len(listed) >= 10
    return {f for f in listed if not ((PACKAGE / f).is_file() or (PACKAGE.parent / f).is_file())}


def unknown_names(text):
    rows = cells(text, "name")
    assert len(rows) >= 20
    listed = {one for row in rows for one in re.findall(r"`(\w+)`", row[2])}
    assert all(re.search(r"`\w+`", row[2]) for row in rows)
    return {
        one for one in listed if not (hasattr(nr, one) or hasattr(po, one) or one in OBJECTIVES)
    }


def wrong_chances(text):
    values = {
        "InfoNCE": po.chance("info_nce", m=63),
        "NT-Xent": po.chance("nt_xent", n=64),
        "CLIP": po.chance("clip", n=64),
        "ranking": po.chance("ranking", k=5),
        "conditional": po.chance("conditional"),
        "binary": po.chance("binary_nce", nu=5.0),
        "class": po.chance("class_nce", k=5),
        "SigLIP": po.chance("siglip", n=64),
    }
    shown = [
        line
        for line in text.split("## Chance")[1].split("## ")[0].splitlines()
        if line.startswith("| ")
    ][1:]
    found = set()
    for line in shown:
        name = line.strip("| ").split()[0].strip(",")
        value = float(re.search(r"(\d\.\d{6})", line)[1])
        if abs(values.pop(name) - value) > 5e-7:
            found.add(name)
    return found | set(values)


def wrong_errors(text):
    """Cells of the comparison that the code does not give, to half a unit of their last digit."""
    model = nr.LaplaceICA(1)
    truth, noise = model.normalize([1.0, 0.0]), nr.GaussianNoise([0.0], [[1.0]])
    pieces = {
        eps: nr.conditional_covariance(model, truth, nr.GaussianSteps([[eps**2]]), math.inf)
        for eps in (0.2, 0.5, 1.0, 2.0, 5.0)
    }
    found = set()
    for row in cells(text, "k"):
        k = int(row[0])
        law = [
            nr.asymptotic_covariance(model, truth, noise, float(k)).covariance[0, 0],
            nr.ranking_covariance(model, truth, noise, k).covariance[0, 0],
        ]
        for one in pieces.values():
            H, M = one.information[0, 0], one.shared[0, 0]
            law.append((H / k + (1.0 - 1.0 / k) * M) / H**2)
        assert len(law) == len(row) - 1
        found |= {f"{k}: {s}" for s, v in zip(row[1:], law) if abs(float(s) - v) > 5.1e-5}
    return found


@pytest.mark.parametrize(
    ("check", "planted"),
    [
        (missing_titles, ("## Certificates", "## Certificate")),
        (missing_files, ("`objectives/rows.py`", "`objectives/row.py`")),
        (unknown_names, ("| `nre_c` |", "| `nre_d` |")),
        (wrong_chances, ("2.703367 at ν", "2.703467 at ν")),
        (wrong_errors, ("| 1.4892 |", "| 1.4893 |")),
    ],
)
def test_the_text_is_right_and_a_slip_would_be_seen(check, planted):
    assert check(TEXT) == set()
    assert planted[0] in TEXT
    assert check(TEXT.replace(*planted)) != set()


def test_the_table_of_optima_is_whole():
    rows = cells(TEXT, "objective")
    assert len(rows) >= 17 and all(len(row) == 4 for row in rows)


def test_ence_is_the_weight_family_at_minus_one_half():
    """eNCE's loss, 1/2 mean_x (p_n/p_m)^(1/2) + 1/2 mean_y (p_m/p_n)^(1/2), less its value elsewhere: -1/4 of the same
    of J."""
    rng = np.random.default_rng(0)
    model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[1.5]])
    x, y = rng.standard_normal((50, 1)), noise.sample(80, rng)
    family = nr.WeightedObjective(model, noise, x, y, nr.PowerWeight(-0.5))

    def loss(theta):
        G, F = (model.log_density(theta, u) - noise.log_density(u) for u in (x, y))
        return 0.5 * np.exp(-0.5 * G).mean() + 0.5 * np.exp(0.5 * F).mean()

    one, other = np.array([0.8, -1.0]), np.array([1.3, -0.7])
    change = family(one)[0] - family(other)[0]
    assert loss(one) - loss(other) == pytest.approx(-0.25 * change, rel=1e-12)
