"""The main claims on made-up rows: right ones confirmed at the quick profile's size, planted faults contradicted; and
their power."""

import json

import numpy as np
import pytest
import synthetic_rows

from paper_replication.claims import (
    CONFIRMED,
    CONTRADICTED,
    NOT_RESOLVED,
    attained_power,
    judge_all,
)
from paper_replication.estimates import Estimate
from paper_replication.figure1.claims_of_figure1 import curves
from paper_replication.figure1.evidence import gather
from paper_replication.figure1.experiments import figure1, points
from paper_replication.figure1.main_claims import main_claims
from paper_replication.figure1.study import STUDY, UNSEEN
from paper_replication.seeds import generator_for

QUICK = {2000: 150, 32000: 90}


def verdicts(sizes, **options):
    evidence = gather(synthetic_rows.rows(sizes, **options), synthetic_rows.THEORY)
    return {j.claim.id: j.verdict for j in judge_all(main_claims(), evidence)}


def test_right_estimators_are_confirmed_with_the_quick_profile_s_runs():
    assert set(verdicts(QUICK, excess=8.7).values()) == {CONFIRMED}
    assert set(verdicts({2000: 10, 32000: 10}).values()) == {NOT_RESOLVED}


def test_another_law_another_price_and_a_worse_noise_are_contradicted():
    assert verdicts(QUICK, exponent=-0.75)["main.slope"] == CONTRADICTED
    rows = synthetic_rows.rows(QUICK)
    for row in rows:
        row["result"]["nce_gaussian.certified.relative_error"] *= 0.7
    evidence = gather(rows, synthetic_rows.THEORY)
    found = {j.claim.id: j.verdict for j in judge_all(main_claims(), evidence)}
    assert found["main.price"] == CONTRADICTED
    for row in rows:
        row["result"]["nce_gaussian.certified.relative_error"] *= 0.5
    evidence = gather(rows, synthetic_rows.THEORY)
    found = {j.claim.id: j.verdict for j in judge_all(main_claims(), evidence)}
    assert found["main.noise"] == CONTRADICTED


def test_the_limit_s_mean_of_logarithms():
    # Twice the covariance is twice every squared error; the Gaussian's own against plain draws of its eigenvalues.
    assert synthetic_rows.THEORY.mean_log_ratio("nce_laplace", "mle") == pytest.approx(
        np.log10(2.0)
    )
    rng = np.random.default_rng(4)
    means = [
        np.mean(np.log10(rng.standard_normal((200_000, 16)) ** 2 @ np.diag(sigma)[:-1]))
        for sigma in (synthetic_rows.THEORY.covariance[m] for m in ("nce_gaussian", "mle"))
    ]
    found = synthetic_rows.THEORY.mean_log_ratio("nce_gaussian", "mle")
    assert found == pytest.approx(means[0] - means[1], abs=0.005)


def test_the_quick_profile_has_the_power_it_was_chosen_for():
    """From the committed run's standard errors: at least 0.9 for every main claim and curve if its difference is 0."""
    quick = {(b.experiment, b.params["n_data"]): b for b in STUDY.profile("quick").batches}
    assert all(batch.first == UNSEEN for batch in quick.values())
    n = {size: quick["figure1", size].n_repetitions for size in (2000, 32000)}
    committed = {
        c["id"]: c
        for c in json.loads((STUDY.committed / "claims.json").read_text(encoding="utf-8"))
    }
    for claim in main_claims():
        # All sizes have 500 runs there; a slope needs its two ends, the others all runs from T = 1000 on, 6 sizes.
        full = committed[claim.id]["standard_error"]
        share = 500 / min(n.values()) if claim.id == "main.slope" else 3000 / sum(n.values())
        error = full * np.sqrt(share)
        assert attained_power(claim, Estimate(0.0, error, sum(n.values()), min(n.values()))) >= 0.9
    for claim in curves():
        points_at = {
            size: sum(
                quick[k].n_repetitions for k in (("points", size), ("figure1", size)) if k in quick
            )
            for size in (1000, 2000, 4000, 8000, 16000)
        }
        # sqrt(e^2/5 + e^2) of errors e at 500 matrices: ours shrink or grow with our numbers, theirs stay.
        full = committed[claim.id]["standard_error"] / np.sqrt(1.2)
        own = full**2 * np.mean([500.0 / count for count in points_at.values()]) / 5.0
        estimate = Estimate(0.0, float(np.sqrt(own + full**2)), 750, 149, 0.01)
        assert attained_power(claim, estimate) >= 0.9, claim.id


def test_points_are_the_paper_s_protocol():
    """The same draws give the same errors as the experiment that has both protocols."""
    for n_data in (250, 5000):
        generators = [generator_for("the same", n_data) for _ in range(2)]
        alone, both = (
            module.run({"n_data": n_data}, rng)
            for module, rng in zip((points, figure1), generators)
        )
        assert len(alone) == 7 and {name: both[name] for name in alone} == alone


def test_points_add_to_the_runs_of_their_column_alone():
    rows = synthetic_rows.rows({500: 3})
    more = {
        "experiment": "points",
        "version": 1,
        "params": {"n_data": 500},
        "repetition": 0,
        "result": {"mle.paper.error_B": 0.125},
    }
    evidence = gather([*rows, more], synthetic_rows.THEORY)
    plain, together = (evidence.column(f"mle.{k}.error_B", 500) for k in ("paper", "points"))
    assert together.tolist() == [*plain, 0.125] and evidence.sizes == [500]
    assert gather([more], synthetic_rows.THEORY).column("mle.points.error_B", 500).tolist() == [
        0.125
    ]
