"""The experiments return what the claims read, the same each time but for the clock; helpers against plain forms."""

import numpy as np
import pytest
import rival_rows

from nce_ref import match_rows
from paper_replication.rivals.evidence import ROOT
from paper_replication.rivals.experiments import nu_sweep, orthogonal, race
from paper_replication.rivals.plan import FULL, QUICK
from paper_replication.rivals.race_curves import best_error, path
from paper_replication.rivals.study import STUDY
from paper_replication.rivals.tables import spelled
from paper_replication.store import SECONDS as PREFIX
from paper_replication.tasks import perform
from paper_replication.timing import CPU


def result_of(name, params):
    result, _ = perform(STUDY.task(ROOT + name, params, 777))
    return {k: v for k, v in result.items() if not k.startswith(PREFIX)}, {
        k: v for k, v in result.items() if k.startswith(PREFIX)
    }


@pytest.mark.parametrize(
    "name, params",
    [
        ("curves", {"n_data": 250}),
        ("race", {"sizes": [250]}),
        ("nu_sweep", {"n_data": 250, "nu": 0.1}),
    ],
)
def test_results_are_those_the_claims_read_and_come_again(name, params):
    (first, times), (again, _) = result_of(name, params), result_of(name, params)
    assert first == again and times[CPU] > 0.0
    made, _ = rival_rows.rows(2)
    model = next(row["result"] for row in made if row["experiment"] == ROOT + name)
    if name != "race":
        assert set(model) <= set(first)


def test_a_race_keeps_errors_and_times_apart():
    errors, times = result_of("race", {"sizes": [250, 500]})
    names = {name.removesuffix(".error") for name in errors if name.endswith(".error")}
    kept = {
        name.removeprefix(PREFIX) for name in times if not name.startswith((CPU, PREFIX + "reach"))
    }
    assert names == kept
    for method in race.METHODS:
        error, when = path(errors, times, method, 250)
        assert 2 <= error.size <= race.KEPT and when[0] == 0.0 and np.all(np.diff(when) > 0.0)
        best = best_error(errors, times, method, [250, 500], np.array([0.0, 1e9]))
        last = [path(errors, times, method, size)[0][-1] for size in (250, 500)]
        assert best[1] == min(last) and best[0] == pytest.approx(error[0])
    level = "0.03"
    for method in ("mle", "nce"):
        reached = times.get(f"{PREFIX}reach.{method}.{level}", np.inf)
        shown = [
            w[e <= float(level)][0]
            for e, w in (path(errors, times, method, s) for s in (250, 500))
            if np.any(e <= float(level))
        ]
        assert not shown or reached <= min(shown) * 1.001  # of all steps, not only of those kept


def test_many_errors_at_once_are_the_matched_ones():
    rng = np.random.default_rng(2)
    truth, estimates = rng.standard_normal((4, 4)), rng.standard_normal((30, 16))
    one_by_one = [match_rows(row.reshape(4, 4), truth).squared_error for row in estimates]
    np.testing.assert_allclose(race.relative_errors(estimates, truth), one_by_one, rtol=1e-12)
    shuffled = (-truth[[2, 0, 3, 1]]).reshape(1, 16)
    assert race.relative_errors(shuffled, truth)[0] < 1e-14


@pytest.mark.parametrize("count", [1, 2, 23, 24, 25, 100, 3000])
def test_thinning_keeps_both_ends(count):
    kept = race.thinned(count)
    assert (
        kept[0] == 0
        and kept[-1] == count - 1
        and len(kept) <= race.KEPT + 1
        and kept == sorted(set(kept))
    )


def test_noise_points_are_rounded_up():
    assert [nu_sweep.n_noise(nu, 250) for nu in (0.01, 0.1, 1.0, 100.0)] == [3, 25, 250, 25000]
    assert nu_sweep.n_noise(0.1, 2000) == 200 and nu_sweep.n_noise(0.01, 4000) == 40


def test_score_matching_shows_its_bias():
    # One run at T = 20000: the standard deviation of its scale is about 0.009 (from 0.005 at 64000); 0.05 is over five
    # of them.
    result = orthogonal.run({"n_data": 20000}, np.random.default_rng(11))
    assert abs(result["scale"] - 1.064) < 0.05 and result["converged"] == 1.0


def test_the_plan():
    with pytest.raises(
        ValueError, match="profile: there is no 'all'; there are smoke, quick, full"
    ):
        STUDY.profile("all")
    full = {spelled(batch): batch.n_repetitions for batch in FULL}
    assert full['curves {"n_data":16000}'] == 500
    assert full['nu_sweep {"n_data":4000,"nu":100.0}'] == 100
    assert full['nu_sweep {"n_data":16000,"nu":10.0}'] == 500
    assert len(full) == len(FULL) == 7 + 1 + 35 + 1
    for (
        batch
    ) in QUICK:  # the quick runs are the first of the full ones: a full run goes on from them
        assert full[spelled(batch)] >= batch.n_repetitions >= 20
