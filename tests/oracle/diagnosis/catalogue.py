"""The diagnosis of every mistake of the catalogue at every objective, and what is asked of it."""

from __future__ import annotations

from nce_ref.oracle.diagnosis import Diagnosis, diagnose
from nce_ref.oracle.diagnosis.sources import _answer, every_source
from nce_ref.oracle.judge import judge
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle.answers import FUNCTIONS

# Several forms of one slip, the same on every vector where they fail: which of them is meant, no numbers can tell.
ALIKE = (
    {
        "log1p-exp",
        "log-one-plus-exp",
        "densities-not-logs",
        # In float32 an epsilon below the spacing beside nu is seen by nothing but the overflow that comes with it.
        "eps-in-denominators",
        "eps-beside-densities",
    },
    {"naive-log-sigmoid", "clip-prob", "log-one-plus-exp"},
    {
        "gauss-not-inverted",
        "precision-for-covariance",
    },  # they differ by a constant, which cancels in a ranking
    # Conditional NCE allows an absolute eps in its slopes, by which alone the two differ.
    {"log1p-exp", "naive-log-sigmoid"},
    # A loss clamped at L and a logit clipped at -L differ by e^-L: in float32 not to be told.
    {"loss-clamped", "clip-logits"},
)


def named(dtype):
    """(objective, mistake, its number) -> the diagnosis, for all that fail anything."""
    found = {}
    for name in (*FUNCTIONS, "asymptotic_covariance"):
        for source in every_source(name):
            if source.kind == "mistake":
                results = [
                    judge(vector, {**_answer(source, vector, dtype, False)}, dtype)
                    for vector in cases(name)
                ]
                said = diagnose(OBJECTIVES[name], results, dtype)
                if said != Diagnosis():
                    found[name, source.id, source.value] = said
    return found


def every_mistake_is_named(dtype):
    """A test in itself: of each dtype in a file of its own, that two workers share the work."""
    found = named(dtype)
    ids = {
        key: {said.best.id if said.best else None, *(other.id for other in said.ambiguous)}
        for key, said in found.items()
    }
    alone = [key for key, said in found.items() if ids[key] == {key[1]}]
    assert len(found) >= 840
    # A number that is given is the one that was planted.
    for key, said in found.items():
        if ids[key] == {key[1]} and said.best.value is not None:
            assert said.best.value == key[2], key
    given = [said.best.value for key, said in found.items() if key[2] is not None and said.best]
    # The others are seen by fewer than three vectors: 119 of 154 and 77 of 152 are given.
    assert sum(value is not None for value in given) >= {"float64": 115, "float32": 74}[dtype]
    # What is not named alone is listed among its likes.
    # A clamped loss and a clipped logit are one thing in float32, for twelve numbers at every objective: not counted.
    one_thing = {"loss-clamped", "clip-logits"} if dtype == "float32" else set()
    counted = [key for key in found if key[1] not in one_thing]
    assert sum(ids[key] == {key[1]} for key in counted) >= 0.97 * len(counted)
    for key in set(found) - set(alone):
        assert any(key[1] in alike and ids[key] <= alike for alike in ALIKE), (key, ids[key])
