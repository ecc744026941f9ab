"""The fine tuning's start: the experiment itself once, and its claims on made-up rows with and without a planted
bias."""

import numpy as np
import synthetic_rows

from paper_replication.claims import judge
from paper_replication.figure1.claims_of_fine_tuning import SIZES, fine_tuning
from paper_replication.figure1.evidence import gather
from paper_replication.figure1.experiments import fine_tuning as experiment
from paper_replication.figure1.published import published_points
from paper_replication.figure1.summary import Line
from paper_replication.figure1.tables import fine_tuning as table
from paper_replication.seeds import generator_for


def made_up_rows(factor=1.0, better=0.6):
    """500 runs a size whose errors scatter by a factor of 2 around ``factor`` times the published medians."""
    points = [
        p for p in published_points() if p.method == "nce_laplace" and p.statistic == "median"
    ]
    published = {(p.parameter, p.n_data): 10.0**p.value for p in points}
    rng = np.random.default_rng(5)
    rows = []
    for size in SIZES:
        for repetition in range(500):
            spread = {
                q: factor * published[q, size] * np.exp(0.7 * rng.standard_normal())
                for q in ("B", "c")
            }
            result = {f"fine_tuning.first_fit.error_{q}": spread[q] for q in spread}
            result |= {f"fine_tuning.random.error_{q}": spread[q] / better for q in spread}
            result |= {
                "fine_tuning.first_fit.objective": -1.0,
                "fine_tuning.random.objective": -1.0 + 0.01 * (repetition % 2),
            }
            rows.append(
                {
                    "experiment": "fine_tuning",
                    "version": 1,
                    "params": {"n_data": size},
                    "repetition": repetition,
                    "result": result,
                }
            )
    return rows


def verdicts(rows):
    evidence = gather(rows, synthetic_rows.THEORY)
    return {claim.id: judge(claim, claim.estimand(evidence)).verdict for claim in fine_tuning()}


def test_one_run_is_a_pure_function_of_its_generator():
    one, two = (experiment.run({"n_data": 250}, generator_for("fine_tuning", 1)) for _ in range(2))
    assert one == two and all(np.isfinite(value) for value in one.values())
    # Both objectives are of the same function; the ends differ by other maxima at the most.
    assert abs(one["fine_tuning.random.objective"] - one["fine_tuning.first_fit.objective"]) < 0.1


def test_claims_confirm_what_is_published_and_contradict_a_planted_bias():
    right = verdicts(made_up_rows())
    medians = [name for name in right if ".median." in name]
    assert len(medians) == 2 * len(SIZES) and all(right[name] == "confirmed" for name in medians)
    assert all(right[f"fine-tuning.first-fit-better.{size}"] == "confirmed" for size in SIZES[:2])
    wrong = verdicts(made_up_rows(factor=2.5, better=1.4))
    assert all(wrong[name] == "contradicted" for name in medians)
    assert all(
        wrong[f"fine-tuning.first-fit-better.{size}"] == "contradicted" for size in SIZES[:2]
    )


def test_without_runs_nothing_is_resolved_and_no_table_is_made():
    evidence = gather([], synthetic_rows.THEORY)
    assert {judge(claim, claim.estimand(evidence)).verdict for claim in fine_tuning()} == {
        "not resolved"
    }
    assert table(evidence, []) == ""


def test_the_table_has_both_starts_beside_the_published_values():
    evidence = gather(made_up_rows(), synthetic_rows.THEORY)
    lines = [
        Line(
            size, "nce_laplace", f"fine_tuning.{start}", f"error_{q}", "median", 500, 0.1, 0.05, 0.2
        )
        for size in SIZES
        for start in ("random", "first_fit")
        for q in ("B", "c")
    ]
    text = table(evidence, lines)
    assert text.count("\n") == 2 + 2 * len(SIZES) and "-0.835" in text and "| 0.50 |" in text
