"""The study of ranking and conditional NCE: its laws, its estimands on made-up runs, an experiment, and verdicts that
can go against it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paper_replication.claims import CONFIRMED, CONTRADICTED, judge
from paper_replication.columns import Columns, gather_columns
from paper_replication.contrastive import claim_list, laws
from paper_replication.contrastive.experiments import errors
from paper_replication.contrastive.study import STUDY, table
from paper_replication.report import RUNS_FILE
from paper_replication.store import read_rows
from paper_replication.study import Findings
from tests.paper_replication.committed import drawing, judged_again


def made_up(factor=None, n=120, certified=1.0):
    """Runs whose mean error is the law's times a factor by method, with a spread as real ones have."""
    groups, rng = {}, np.random.default_rng(0)
    for k in laws.NOISES:
        for n_data in claim_list.SIZES:
            z = rng.standard_normal(n)
            z = (z - z.mean()) / z.std()
            runs = []
            for one in z:
                result = {}
                for method in laws.METHODS:
                    slow = 1.0 + 8.0 / math.sqrt(n_data)
                    mean = laws.LAWS[method, k][0] * slow * (factor or {}).get(method, 1.0)
                    result[f"{method}.error"] = mean * (1.0 + 0.3 * one)
                    result[f"{method}.certified"] = certified
                runs.append(result)
            groups[claim_list.group(n_data, k)] = runs
    return Columns(groups)


def verdicts(evidence):
    return {c.id: judge(c, c.estimand(evidence)).verdict for c in claim_list.all_claims()}


def test_runs_as_the_laws_have_them_confirm_every_claim():
    assert set(verdicts(made_up()).values()) == {CONFIRMED}


def test_a_law_without_the_terms_common_part_is_contradicted():
    """The conditional law taken for H^-1/kappa, as if its terms were independent, is off by (1 - 1/kappa) of M: 0.6 of
    it at kappa = 5."""
    found = verdicts(made_up({"conditional": 1.6}))
    assert found["limit.conditional.5"] == found["order.conditional.5"] == CONTRADICTED
    assert found["limit.nce.5"] == CONFIRMED
    assert verdicts(made_up(certified=0.9))["certified.1"] == CONTRADICTED


def test_no_runs_no_verdict():
    assert set(verdicts(Columns({})).values()) == {"not resolved"}


@pytest.mark.parametrize(("method", "k"), laws.LAWS)
def test_laws_are_computed_again(method, k):
    law, error = laws.LAWS[method, k]
    found, own = laws.computed(method, k, log2_points=12)
    # 99 % each on the worst entry, of which the trace is the mean of sixteen.
    assert found == pytest.approx(law, rel=error + own)
    assert own < 0.12


def test_one_run():
    rng = np.random.default_rng(1)
    result = errors.run({"n_data": 300, "k": 2}, rng)
    assert set(result) == {f"{m}.{q}" for m in laws.METHODS for q in ("error", "certified")}
    assert all(result[f"{m}.certified"] == 1.0 for m in laws.METHODS)
    assert all(0.0 < result[f"{m}.error"] < 1000.0 for m in laws.METHODS)
    assert errors.expected_seconds({"n_data": 32000, "k": 5}) > 1.0


def test_the_table_has_every_size_and_the_laws(tmp_path):
    findings = Findings(STUDY, made_up(), [], {}, tmp_path)
    ((heading, text),) = table(findings)
    assert heading.startswith("T times")
    for number in (*claim_list.SIZES, "**9.24**", "**20.26**", "**4.626**"):
        assert str(number) in text


def test_the_figure(tmp_path, monkeypatch):
    picture = "paper_replication.contrastive.picture"
    with drawing(monkeypatch, picture, "draw_over_law") as (draw, figure):
        assert draw(figure(), Findings(STUDY, made_up(), [], {}, tmp_path))
        assert not draw(figure(), Findings(STUDY, Columns({}), [], {}, tmp_path))


def test_the_committed_report_is_of_these_claims():
    """Its numbers and verdicts come again from its runs: no claim is contradicted, and what was too few runs is
    said."""
    evidence = gather_columns(read_rows(STUDY.committed / RUNS_FILE)[0])
    judged_again(STUDY, evidence, claim_list.all_claims())
    assert len(evidence.column(claim_list.group(32000, 5), "nce.error")) == 800
