"""The walkthrough's claims on made-up runs: confirmed where each column is what it should be, contradicted where it is
planted otherwise.

Deterministic: the made-up scatter has fixed seeds; the claims confirmed here have a power of 1 but for rounding.
"""

import json

import pytest
import walkthrough_rows

from paper_replication.claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, claims_json, judge_all
from paper_replication.statistics import mean_error
from paper_replication.walkthrough.claim_list import all_claims
from paper_replication.walkthrough.claim_maker import FAMILIES
from paper_replication.walkthrough.estimands import mean_of, mean_over_splits
from paper_replication.walkthrough.evidence import WalkthroughEvidence, gather


def verdicts(count=30, changed=None):
    return {
        j.claim.id: j.verdict
        for j in judge_all(all_claims(), walkthrough_rows.evidence(count, changed))
    }


def test_every_claim_is_confirmed_where_all_is_as_expected():
    assert {name: verdict for name, verdict in verdicts().items() if verdict != CONFIRMED} == {}


def test_claims_are_named_once_and_cover_every_family():
    claims = all_claims()
    assert len({claim.id for claim in claims}) == len(claims)
    assert {claim.family for claim in claims} == set(FAMILIES)
    for claim in claims:
        assert claim.why_margin and claim.id.startswith(claim.family[0] + ".")


# The fault's measure set to what it would be without the fault, or the correction's to what it would be with it.
PLANTS = [
    ("as_published", "loss.own", 0.80, "0.constant"),
    ("as_published", "correlation", 0.50, "0.correlation"),
    ("network_faults", "loss.other", 1.30, "1.loss"),
    ("network_faults", "loss.other.optimal", 1.45, "1.excess"),
    ("network_faults", "loss.own", 1.45, "1.corrected"),
    ("ica_faults", "variance2.scale", 1.0, "2.scale"),
    ("ica_faults", "variance2.c_shift", 0.0, "2.c"),
    ("ica_faults", "matched.scale", 2.0**-0.5, "2.scale-corrected"),
    ("ica_faults", "matched.c_shift", -0.5, "2.c-corrected"),
    ("ica_faults", "variance2.relative_error", 0.02, "2.error"),
    ("mismatched_noise 1000", "standard.optimal", 1.35, "3.loss"),
    ("mismatched_noise 1000", "standard.relative_error", 0.03, "3.error"),
    ("mismatched_noise 1000", "standard.relative_error", 0.10, "3.beyond-theory"),
    ("mismatched_noise 4000", "standard.relative_error", 0.01, "3.theory"),
    ("naive_logarithm", "float64", 36.0, "4.float64"),
    ("naive_logarithm", "float32", 88.7, "4.float32"),
    ("naive_logarithm", "stable_error", 1e-10, "4.corrected"),
    ("as_published", "log_ratio.noise", 20.0, "4.luck"),
    ("as_published", "log_ratio.data", 10.0, "4.data"),
    ("network_faults", "affine.growth", 0.0, "5.mass"),
    ("network_faults", "growth", 2.77, "5.mass-corrected"),
    ("network_faults", "affine.loss.own", 1.2, "5.chance"),
    ("network_faults", "affine.loss.own", 1.2, "5.loss"),
    ("network_faults", "affine.correlation", 0.5, "5.correlation"),
    ("network_faults", "correlation", 0.3, "5.correlation-corrected"),
    ("network_faults", "flattery", -0.02, "6.network"),
    ("ica_faults", "flattery", 17.0, "6.ica"),
    ("as_published", "loss.optimal", 1.2, "7.gap"),
    ("as_published", "loss.last", 3.0, "7.fall"),
    ("ica_faults", "matched.optimal", 1.35, "7.optimum-1"),
    ("right", "optimal", 3.2, "7.optimum-10"),
    ("right", "tanh.loss", 3.34, "8.loss"),
    ("right", "tanh.correlation", 0.80, "8.correlation"),
    ("right", "tanh.rmse", 1.3, "8.rmse"),
    ("right", "tanh.log_integral", 0.2, "8.integral"),
    ("right", "tanh.training_loss", 3.3, "8.over-fitting"),
    ("right", "ica.loss", 3.2, "8.ica"),
    ("right", "ica.rmse", 0.8, "8.ica-rmse"),
    ("real_data wine", "network.loss", 3.9, "9.wine.network-gaussian"),
    ("real_data breast_cancer", "ica.log_mass", 0.0, None),
    ("real_data breast_cancer", "network.log_mass", 1.0, "9.breast_cancer.mass"),
]


@pytest.mark.parametrize("group, column, value, claim", PLANTS)
def test_a_planted_value_is_contradicted(group, column, value, claim):
    found = verdicts(changed={(group, column): value})
    assert claim is None or found[claim] == CONTRADICTED


def test_few_or_no_runs_resolve_nothing():
    assert set(verdicts(count=10).values()) == {NOT_RESOLVED}
    judged = judge_all(all_claims(), WalkthroughEvidence({}))
    assert {j.verdict for j in judged} == {NOT_RESOLVED} and {j.reason for j in judged} == {
        "no runs"
    }
    assert len(json.loads(claims_json(judged))) == len(judged)


def test_differences_are_paired_and_splits_are_not_taken_for_independent():
    found = walkthrough_rows.evidence()
    terms = (("loss.own", 1.0), ("loss.own", -1.0))
    assert mean_of(found, experiment="network_faults", terms=terms).standard_error == 0.0
    # Nadeau and Bengio with a fifth held out: s^2 (1/30 + 1/4) instead of s^2/30.
    terms = (("network.loss", 1.0),)
    plain = mean_error(found.column("real_data wine", "network.loss"))
    assert mean_over_splits(found, table="wine", terms=terms).standard_error == pytest.approx(
        plain * (1.0 + 30.0 / 4.0) ** 0.5
    )


def test_evidence_is_independent_of_the_order_of_rows_and_names_what_is_missing():
    rows = walkthrough_rows.rows()
    assert gather(rows) == gather(rows[::-1])
    with pytest.raises(
        ValueError, match=r"a run of right has no result 'tanh\.los'; it has base\.correlation"
    ):
        gather(rows).column("right", "tanh.los")
    assert gather(rows).column("nothing", "loss").size == 0
