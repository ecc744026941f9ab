"""What is named although it explains only what lies outside tails and kinks, and how it is counted."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.diagnosis import diagnose
from nce_ref.oracle.diagnosis.compound import search_easy
from nce_ref.oracle.diagnosis.diagnose import _on_all
from nce_ref.oracle.diagnosis.observed import observe
from nce_ref.oracle.judge import judge
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle.answers import OURS, right

NAME, MISTAKE = "nce_from_log_ratios", "noise-averaged"
OFF = ("tails", "separated", "kink", "exact-kink", "choice", "overflow")


def is_off(vector):
    """Whether a vector's flags say tails or kinks."""
    return any(flag.startswith(OFF) for flag in vector.flags)


def wrong_everywhere(factor):
    """The mistake off tails and kinks; there, what no catalogue has: all outputs times ``factor``() of the right
    ones."""
    results = []
    for vector in cases(NAME):
        inputs = vector.arguments("float64")
        with np.errstate(all="ignore"):
            outputs = {
                key: np.asarray(value) * factor() for key, value in right(NAME)(inputs).items()
            }
            if not is_off(vector):
                outputs = CATALOGUE[MISTAKE].evaluate(NAME, inputs)
        results.append(
            judge(vector, {k: np.asarray(v) for k, v in outputs.items()}, "float64", OURS)
        )
    return results


def test_a_mistake_off_tails_and_kinks_is_counted_on_all():
    rng = np.random.default_rng(0)
    results = wrong_everywhere(lambda: rng.uniform(1.5, 3.0))
    failed = [result for result in results if result.status == "failed"]
    easy = [result for result in failed if not is_off(result.vector)]
    assert 3 <= len(easy) < len(failed) - 2

    best = diagnose(OBJECTIVES[NAME], results).best
    assert (best.id, best.matches, best.of) == (MISTAKE, len(easy), len(failed))
    assert best.evidence.endswith(
        "the others are in the tails or at kinks, where something else is wrong as well"
    )

    # Right in the tails, which contradicts the mistake there: still what is wrong everywhere else.
    right_there = wrong_everywhere(lambda: 1.0)
    best = diagnose(OBJECTIVES[NAME], right_there).best
    assert (best.id, best.matches, best.of) == (MISTAKE, len(easy), len(easy))
    assert "tails" not in best.evidence

    seen = observe(OBJECTIVES[NAME], results, "float64", OURS)
    first = search_easy(seen)[0]
    on_all = _on_all(first, seen)
    # Vector by vector: those that fail off tails and kinks, each in its own place.
    want = [result in easy for result in results]
    assert on_all.explained.tolist() == want and not all(want[: len(first.explained)])
    assert len(first.explained) == sum(not is_off(result.vector) for result in results)
    assert (on_all.id, on_all.convention, on_all.contradicted) == (MISTAKE, OURS, 0)
