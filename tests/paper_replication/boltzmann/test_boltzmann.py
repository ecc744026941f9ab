"""The study of a discrete model: its machines, two ways to a sandwich, estimands on made-up runs, verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr
from paper_replication.boltzmann import claim_list, estimands
from paper_replication.boltzmann.experiments import fits, sums
from paper_replication.boltzmann.plan import NUS, SIZES, fits_at, sums_at
from paper_replication.boltzmann.study import STUDY, conclusions, table
from paper_replication.claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, judge
from paper_replication.columns import Columns, gather_columns
from paper_replication.report import RUNS_FILE
from paper_replication.store import read_rows
from paper_replication.study import Findings
from tests.paper_replication.committed import drawing, judged_again


def made_up(scale=1.0, covered=0.95, least=1e-4, off=1e-14, shift=0.0, n=400):
    """Runs as the laws have them: quantiles of chi-square and of the normal, one machine each."""
    at = (np.arange(n) + 0.5) / n
    law = stats.chi2.ppf(at, fits.N_ALPHA) / fits.N_ALPHA
    z = np.random.default_rng(0).permutation(stats.norm.ppf(at))
    groups = {}
    for size in SIZES:
        for nu in NUS:
            slow = 2.0 if size == 250 else 1.0
            groups[fits_at(size, nu)] = [
                {
                    "nce.law": scale * slow * one,
                    "mle.law": one,
                    "nce.fisher": scale * one * (1 + 1 / nu),
                    "nce.fisher_log10": np.log10(1 + 1 / nu) + estimands.LOG10_OF_LAW,
                    "nce.covered": covered,
                    "mle.covered": 0.95,
                    "nce.covered_c": float(k >= n // 20),
                    "nce.z_c": scale * place,
                    "nce.z_gap": place + (shift or 0.7 * (nu < 1.0)),
                    "nce.certified": 1.0,
                }
                for k, (one, place) in enumerate(zip(law, z))
            ]
    cost = {
        0.1: (0.3, 0.05, 0.1, 0.9),
        1.0: (0.15, 0.03, 0.3, 0.6),
        10.0: (0.03, 0.09, 0.5, 0.3),
        100.0: (0.002, 0.1, 0.5, 0.2),
    }
    for nu in NUS:
        of_one = {"alike.off": off, "nce.off": off}
        for name, value in zip(claim_list.WEIGHTS, cost[nu]):
            of_one |= {f"least.{name}": least, f"off.{name}": off, f"cost.{name}": value}
        groups[sums_at(nu)] = [of_one] * 100
    return Columns(groups)


def verdicts(evidence):
    return {c.id: judge(c, c.estimand(evidence)).verdict for c in claim_list.all_claims()}


def test_runs_as_the_laws_have_them_confirm_every_claim():
    assert set(verdicts(made_up()).values()) == {CONFIRMED}
    findings = Findings(
        STUDY,
        made_up(),
        [judge(c, c.estimand(made_up())) for c in claim_list.all_claims()],
        {},
        None,
    )
    assert all(one.holds(findings.judgements) for one in conclusions(findings))


@pytest.mark.parametrize(
    ("planted", "against"),
    [
        (
            {"scale": 2.0},
            ("law.nce.1.32000", "tail.1.8000", "price.10.8000", "c.1"),
        ),  # Sigma without 1 + 1/nu
        ({"covered": 0.9}, ("coverage.nce.1.8000",)),
        ({"least": -1e-3}, ("weights.importance.1",)),
        ({"off": 1e-6}, ("exact.alike.1", "exact.sigma.10", "twice.symmetric.1")),
        ({"shift": 1.5}, ("gap.1", "gap.100")),
        ({"shift": -0.5}, ("gap.bias",)),
    ],
)
def test_what_is_wrong_is_contradicted(planted, against):
    found = verdicts(made_up(**planted))
    assert {found[name] for name in against} == {CONTRADICTED}


def test_no_runs_no_verdict():
    assert set(verdicts(Columns({})).values()) == {NOT_RESOLVED}


def test_a_single_wild_machine_moves_no_verdict():
    """What the earlier form of this study asked for, a mean, is ruled by one machine in 400; the median is not."""
    evidence = made_up()
    evidence.groups[fits_at(32000, 1.0)][0]["nce.law"] = 1e4
    assert evidence.mean(fits_at(32000, 1.0), "nce.law") > 20.0
    assert verdicts(evidence)["law.nce.1.32000"] == CONFIRMED


def test_machines_keep_the_rule():
    rng = np.random.default_rng(0)
    for _ in range(5):
        p = np.exp(fits.MODEL.log_density(fits.draw_truth(rng), fits.STATES))
        slow = min(
            p[(fits.STATES[:, i] == a) & (fits.STATES[:, j] == b)].sum()
            for i in range(8)
            for j in range(i)
            for a in (-1, 1)
            for b in (-1, 1)
        )
        assert fits.rarest_pair(p) == pytest.approx(slow, abs=1e-14)
        assert slow >= fits.RAREST_PAIR


def test_one_run_of_fits():
    result = fits.run({"n_data": 4000, "nu": 1.0}, np.random.default_rng(0))
    assert result["nce.certified"] == result["mle.certified"] == 1.0
    # chi-square with 36 degrees of freedom lies in here but once in 10^5.
    assert all(0.25 < result[f"{name}.law"] < 2.7 for name in ("nce", "mle"))
    assert abs(result["nce.z_c"]) < 5.0 and abs(result["nce.z_gap"]) < 5.0
    assert 0.6 < result["nce.covered"] <= 1.0


def test_lengths_and_means_of_the_law_are_those_of_the_plain_formulas():
    rng = np.random.default_rng(1)
    root = np.tril(rng.standard_normal((5, 5))) + 4.0 * np.eye(5)
    off = rng.standard_normal(5)
    assert fits._length(root, off) == pytest.approx(off @ np.linalg.inv(root @ root.T) @ off)
    mean = np.mean(np.log10(fits._squares().sum(axis=1) / fits.N_ALPHA))
    assert mean == pytest.approx(estimands.LOG10_OF_LAW, abs=0.006)


def test_two_ways_to_a_sandwich():
    """And a third, with plain inverses; a wrong P is not the best of the family, so that ``least`` can fall below 0."""
    rng, nu = np.random.default_rng(3), 2.0
    truth = fits.draw_truth(rng)
    log_p = fits.MODEL.log_density(truth, fits.STATES)
    p, g = np.exp(log_p), fits.MODEL.jacobian(truth, fits.STATES)
    q = np.exp(log_p - nr.BernoulliNoise(np.full(8, 0.45), (-1.0, 1.0)).log_density(fits.STATES))
    Q, R = sums.information_root(p, q, g, nu)
    w = q**-0.5
    A = np.linalg.inv((g * (p * w)[:, None]).T @ g)
    sandwich = A @ ((g * (p * w * w * (1 + q / nu))[:, None]).T @ g) @ A
    half = sums.half_of_sandwich(p, q, w, g, nu)
    np.testing.assert_allclose(half @ half.T, sandwich, rtol=1e-9, atol=1e-12)
    variances = np.linalg.eigvalsh(R @ sandwich @ R.T)
    found = sums.efficiencies(Q, w * (1 + q / nu))
    np.testing.assert_allclose(np.sort(1.0 / found), variances, rtol=1e-9)
    assert variances.min() > 1.0
    # In units of a weight that is not NCE's best, something is better.
    wrong = sums.half_of_sandwich(p, q, 1.0 / (1.0 + q / (5.0 * nu)), g, nu)
    root = np.linalg.cholesky(wrong @ wrong.T)
    best = sums.half_of_sandwich(p, q, 1.0 / (1.0 + q / nu), g, nu)
    assert np.linalg.svd(np.linalg.solve(root, best), compute_uv=False).min() < 1.0 - 1e-4


def test_one_run_of_sums():
    result = sums.run({"nu": 1.0}, np.random.default_rng(0))
    assert result["alike.off"] < 1e-11 and result["nce.off"] < 1e-11
    for name in claim_list.WEIGHTS:
        assert result[f"off.{name}"] < 1e-10 and result[f"least.{name}"] > 0.0
        assert result[f"best.{name}"] == pytest.approx(1.0 / (1.0 + result[f"least.{name}"]))


def test_tables_and_figure(tmp_path, monkeypatch):
    findings = Findings(STUDY, made_up(), [], {}, tmp_path)
    text = "".join(body for _, body in table(findings))
    assert all(words in text for words in (*claim_list.WEIGHTS.values(), "| 32000 |"))
    picture = "paper_replication.boltzmann.picture"
    with drawing(monkeypatch, picture, "draw_boltzmann") as (draw, figure):
        assert draw(figure(), findings)
        assert not draw(figure(), Findings(STUDY, Columns({}), [], {}, tmp_path))


def test_the_committed_report_is_of_these_claims():
    """Its numbers and verdicts come again from its runs."""
    evidence = gather_columns(read_rows(STUDY.committed / RUNS_FILE)[0])
    judged = judged_again(STUDY, evidence, claim_list.all_claims(), nothing=1e-9)
    assert {len(evidence.column(fits_at(n, nu), "nce.law")) for n in SIZES for nu in NUS} == {400}
    # The sentences of the report, and of the README, stand on these.
    judgements = list(judged.values())
    findings = Findings(STUDY, evidence, judgements, {}, STUDY.committed)
    text = (STUDY.committed / STUDY.text).read_text(encoding="utf-8")
    for one in conclusions(findings):
        assert (one.sentence in text) == one.holds(judgements)
