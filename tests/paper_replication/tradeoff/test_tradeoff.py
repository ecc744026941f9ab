"""The study of the trade-off: a problem, estimands on made-up runs, times at equal error, verdicts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from nce_ref import GaussianNoise
from paper_replication.claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED, judge
from paper_replication.columns import Columns
from paper_replication.report import CLOCK_FILE, RUNS_FILE
from paper_replication.store import read_rows
from paper_replication.study import Findings
from paper_replication.tradeoff import claim_list, estimands
from paper_replication.tradeoff.experiments import problem
from paper_replication.tradeoff.limits import limits
from paper_replication.tradeoff.plan import NUS, NUS_CERTIFIED, NUS_OF_IS, PROBLEMS, group
from paper_replication.tradeoff.study import STUDY, conclusions, sections
from tests.paper_replication.committed import drawing, judged_again


def made_up(ratio=0.0, error=0.0, slower=5.2, share=1.0, left=0.0, n=None):
    """Problems as the laws have them; ``ratio``, ``error``, ``left``: log10 of what is wrong."""
    law, groups, rng = limits(), {}, np.random.default_rng(0)
    for nu in NUS:
        count = PROBLEMS[nu] if n is None else n
        z = rng.permutation(stats.norm.ppf((np.arange(count) + 0.5) / count))
        w = rng.permutation(stats.norm.ppf((np.arange(count) + 0.5) / count))
        middle = estimands.published()[str(nu)]  # a norm of B that puts the median there
        norm = middle - law[nu].size + math.log10(problem.N_DATA) + 0.15 * z
        size = {m: law[m].size - math.log10(problem.N_DATA) + norm + 0.02 * w for m in ("mle", nu)}
        relative = {m: law[m].log_relative + 0.1 * z for m in ("mle", nu)}
        rows = {
            "norm_B": norm,
            "mle.error": size["mle"],
            "mle.relative": relative["mle"],
            "nce.error": size[nu] + error,
            "nce.relative": relative[nu] + ratio + 0.02 * w,
            "nce.evaluations": np.full(count, 2.4),
            "seconds.mle": np.full(count, -1.4),
            "seconds.nce": math.log10(0.1 * nu) + 0.02 * w,
        }
        if nu in NUS_OF_IS:
            rows |= {"is.error": size[nu] + error}
            rows |= {"seconds.is": math.log10(0.1 * nu * slower) + 0.02 * w}
        if nu in NUS_CERTIFIED:
            rows |= {"newton.relative": rows["nce.relative"] - left}
            rows |= {"newton.certified": np.where(np.arange(count) < share * count, 0.0, -9.0)}
        if nu == 1:
            rows |= {"sm.error": -0.76 + 0.15 * z, "seconds.sm": np.full(count, -0.5)}
        groups[group(nu)] = [
            {name: 10.0 ** one[k] for name, one in rows.items()} for k in range(count)
        ]
    return Columns(groups)


def verdicts(evidence):
    return {c.id: judge(c, c.estimand(evidence)).verdict for c in claim_list.all_claims()}


def test_problems_as_the_laws_have_them_confirm_every_claim():
    judged = [judge(c, c.estimand(made_up())) for c in claim_list.all_claims()]
    assert {one.claim.id: one.verdict for one in judged if one.verdict != CONFIRMED} == {}
    findings = Findings(STUDY, made_up(), judged, {}, None)
    unsaid = [one for one in conclusions(findings) if not one.holds(judged)]
    assert [set(one.bearing.values()) for one in unsaid] == [{CONTRADICTED}]


@pytest.mark.parametrize(
    ("planted", "against"),
    [
        ({"ratio": 0.2}, ("ratio.1", "ratio.200", "ratio.large")),
        ({"ratio": -0.1}, ("ratio.large", "above.large")),
        ({"error": 0.3}, ("published.1", "published.large", "median.50")),
        ({"slower": 1.5}, ("time.factor.-2.0",)),
        ({"slower": 0.5}, ("time.factor.-2.0", "time.more.-2.0")),
        ({"share": 0.8, "left": 0.1}, ("certified.share", "certified.left")),
    ],
)
def test_what_is_wrong_is_contradicted(planted, against):
    evidence = made_up(**planted)
    asked = [c for c in claim_list.all_claims() if c.id in against]
    assert [judge(c, c.estimand(evidence)).verdict for c in asked] == [CONTRADICTED] * len(against)


def test_few_problems_have_no_verdict():
    found = verdicts(made_up(n=12))
    alone = [name for name in found if not name.startswith("theory.published.")]
    assert {found[name] for name in alone if name.endswith((".1", ".200"))} == {NOT_RESOLVED}
    empty = verdicts(Columns({}))
    assert {empty[name] for name in alone} == {NOT_RESOLVED}


def test_times_at_equal_error_are_read_off_the_curves():
    """NCE: errors -1, -2, -3 at times 0, 1, 2; the other: -1, -2.5, -2 at 1, 2, 4. At -1.75: 0.75 and 1.5."""
    samples = np.array([[-1.0, 0.0, -1.0, 1.0], [-2.0, 1.0, -2.5, 2.0], [-3.0, 2.0, -2.0, 4.0]])
    assert estimands._at_level(samples, -1.75) == pytest.approx(1.5 - 0.75)
    assert estimands._at_level(samples, -2.75) == math.inf  # only NCE gets there
    assert estimands._at_level(samples, -1.0) == 1.0


def test_limits():
    """K of maximum likelihood is 1 + 2(n - 1)/3; the largest nu is nearest to it, 6 % above."""
    law = limits()
    assert law["mle"].K == pytest.approx(7.0)
    assert all(law[a].K > law[b].K for a, b in itertools.pairwise(NUS))
    assert law[1000].K / law["mle"].K == pytest.approx(1.0606, abs=1e-4)
    # Of a sum of squares the mean of the logarithm lies a little below that of the mean.
    assert law["mle"].log_relative == pytest.approx(math.log10(70.0), abs=0.02)


def test_one_problem():
    result = problem.run({"nu": 1, "n_data": 400}, np.random.default_rng(2))
    methods = ("mle", "nce", "newton", "is", "sm")
    names = {f"{m}.{what}" for m in methods for what in ("error", "relative", "evaluations")}
    times = {f"seconds.{m}" for m in methods}
    assert set(result) == names | times | {"norm_B", "newton.certified"}
    assert all(0.0 < result[f"{m}.error"] < 100.0 for m in methods)
    few = problem.run({"nu": 5, "n_data": 400}, np.random.default_rng(2))
    assert {n for n in few if n.startswith(("sm", "newton"))} == set()
    assert few["norm_B"] == result["norm_B"]
    assert problem.expected_seconds({"nu": 1000}) > 10.0 * problem.expected_seconds({"nu": 50})


def test_noise_is_drawn_in_blocks_and_held_in_float32(monkeypatch):
    noise = GaussianNoise(np.arange(3.0), np.diag([1.0, 4.0, 9.0]))
    monkeypatch.setattr(problem, "_BLOCK", 64)
    y = problem.drawn(noise, 200, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    blocks = [noise.sample(n, rng) for n in (64, 64, 64, 8)]
    assert y.dtype == np.float32 and y.shape == (200, 3)
    np.testing.assert_array_equal(y, np.concatenate(blocks).astype(np.float32))


def test_gather_puts_times_among_the_results():
    row = {"experiment": "tradeoff.problem", "version": 1, "params": {"nu": 1}, "repetition": 0}
    found = estimands.gather(
        [{**row, "result": {"norm_B": 2.0}}], [{**row, "result": {"seconds.nce": 3.0}}]
    )
    assert found.groups[group(1)] == [{"norm_B": 2.0, "seconds.nce": 3.0}]


def test_sections_and_figure(tmp_path, monkeypatch):
    findings = Findings(STUDY, made_up(n=3), [], {"by_params": {}}, tmp_path)
    text = "".join(body for _, body in sections(findings))
    assert "30 of 685 problems of the full profile: 3 of 100 at ν = 1" in text
    whole = "".join(body for _, body in sections(Findings(STUDY, made_up(), [], {}, tmp_path)))
    assert "685 problems, all of the full profile" in whole
    picture = "paper_replication.tradeoff.picture"
    with drawing(monkeypatch, picture, "draw_tradeoff") as (draw, figure):
        assert draw(figure(), findings)
        assert not draw(figure(), Findings(STUDY, Columns({}), [], {}, tmp_path))


def test_the_committed_report_is_of_these_claims():
    """Its numbers and verdicts come again from its runs, and its sentences stand on them."""
    rows, clock = (read_rows(STUDY.committed / name)[0] for name in (RUNS_FILE, CLOCK_FILE))
    evidence = estimands.gather(rows, clock)
    judged = judged_again(STUDY, evidence, claim_list.all_claims())
    text = (STUDY.committed / STUDY.text).read_text(encoding="utf-8")
    judgements = list(judged.values())
    for one in conclusions(Findings(STUDY, evidence, judgements, {}, STUDY.committed)):
        assert (one.sentence in text) == one.holds(judgements)
    assert f"{len(rows)} of {sum(PROBLEMS.values())}" in text or "all of the full profile" in text
