"""The diagnosis names what was planted: every mistake of the catalogue, every convention, both at once; and nothing
else."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from nce_ref.oracle.conventions import Convention, all_conventions, declaration, own_convention
from nce_ref.oracle.diagnosis import Diagnosis, diagnose, recognise_signature
from nce_ref.oracle.diagnosis.compound import together
from nce_ref.oracle.diagnosis.sources import _answer, every_source
from nce_ref.oracle.diagnosis.suspects import settings
from nce_ref.oracle.judge import judge
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle.answers import FUNCTIONS, NCE, OURS, diagnosis, judged, right, under

DTYPES = ("float32", "float64")
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


@functools.cache
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


@pytest.mark.parametrize("dtype", DTYPES)
def test_catalogue_is_named(dtype):
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


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_answers_have_no_suspect(dtype):
    for name in FUNCTIONS:
        assert diagnosis(name, right(name), dtype) == Diagnosis()


@pytest.mark.parametrize(
    "name, only",
    [
        *(
            (name, None)
            for name in FUNCTIONS
            if OBJECTIVES[name].is_mean or "c" in OBJECTIVES[name].arguments
        ),
        *((name, ("value",)) for name in ("binary_nce", "laplace_ica_mle", "gaussian_nce")),
    ],
)
def test_every_convention_is_named(name, only):
    conventions = [way.convention for way in settings_of(name)]
    objective, own = OBJECTIVES[name], own_convention(OBJECTIVES[name])
    # Without noise the mean over all points is that over the data.
    reductions = 4 if objective.sample_sizes(cases(name)[0].inputs)[1] else 3
    of_value = 2 * reductions if objective.is_mean else 1
    assert len(conventions) == of_value * (2 if "c" in objective.arguments else 1)
    assert conventions[0] == own
    for convention in conventions[1:]:
        for dtype in DTYPES if name == "laplace_ica_nce" else DTYPES[1:]:
            said = diagnosis(name, under(name, convention, right(name)), dtype, only=only)
            assert (said.best.kind, said.best.remedy, said.ambiguous) == (
                "convention",
                f"convention={declaration(convention, objective)}",
                (),
            )
        said = diagnosis(name, right(name), convention=convention, only=only)
        assert said.best.remedy == f"convention={declaration(own, objective)}"


def settings_of(name):
    from tests.oracle.answers import observed

    ways = settings(observed(name, right(name)))
    assert all(
        any(way.convention == convention for convention in all_conventions()) for way in ways
    )
    return ways


@pytest.mark.parametrize("name", NCE)
@pytest.mark.parametrize(
    "mistake", ["no-log-nu", "noise-averaged", "noise-sign", "gauss-no-2pi", "naive-log-sigmoid"]
)
def test_mistake_under_a_convention(name, mistake):
    if name not in CATALOGUE[mistake].objectives:
        return
    subtracted = "subtracted" if "c" in OBJECTIVES[name].arguments else "added"
    for convention in (
        Convention("minimise"),
        Convention("minimise", "mean"),
        Convention("minimise", "sum", subtracted),
    ):
        said = diagnosis(
            name, under(name, convention, functools.partial(CATALOGUE[mistake].evaluate, name))
        )
        assert (said.best.id, said.ambiguous, said.best.remedy) == (
            mistake,
            (),
            f"declare convention={convention} as well",
        )
        if convention.reduction != "mean":
            continue
        # Declared, the mistake alone is left.
        declared = diagnosis(
            name,
            under(name, convention, functools.partial(CATALOGUE[mistake].evaluate, name)),
            convention=convention,
        )
        assert (declared.best.id, declared.best.remedy) == (mistake, "")


@pytest.mark.parametrize(
    "name, first, second",
    [
        ("nce_from_log_ratios", "no-log-nu", "naive-log-sigmoid"),
        ("binary_nce", "no-log-pn-noise", "log1p-exp"),
        ("laplace_ica_nce", "gauss-no-2pi", "kink-convention"),
        ("gaussian_nce", "noise-averaged", "clip-prob"),
    ],
)
def test_two_causes(name, first, second):
    both = together(CATALOGUE[first], CATALOGUE[second], name)
    said = diagnosis(name, both)
    assert said.best.id == f"{first} + {second}"
    assert said.best.matches == said.best.of


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name, mistake, outputs, title",
    [
        ("binary_nce", "clip-prob", ["value"], "in the value alone; the gradients are right"),
        (
            "laplace_ica_nce",
            "log-nu-sign-noise",
            ["value"],
            "in the value alone; the gradients are right",
        ),
        (
            "gaussian_nce",
            "nu-sign",
            ["grad_precision", "grad_c"],
            "in the gradients alone; the value is right",
        ),
        (
            "laplace_ica_nce",
            "sources-transposed",
            ["grad_B"],
            "in grad_B alone; value and grad_c are right",
        ),
        ("log_sigmoid", "eps-in-log", ["value"], "in the value alone; the gradient is right"),
    ],
)
def test_a_slip_in_one_output_alone(name, mistake, outputs, title, dtype):
    """The value by a known mistake and its gradient right, or the other way round: named, with where it is."""

    def answer(inputs):
        wrong = CATALOGUE[mistake].evaluate(name, inputs)
        return {
            output: wrong[output] if output in outputs else value
            for output, value in right(name)(inputs).items()
        }

    said = diagnosis(name, answer, dtype)
    assert (said.best.id, said.best.matches, said.ambiguous) == (mistake, said.best.of, ())
    assert said.best.title.endswith(title)


def test_what_explains_all_outputs_comes_before_what_explains_one():
    """The gradient's own mistake before the same gradient borrowed from a mistake in the value as well."""
    said = diagnosis(
        "gaussian_nce",
        lambda inputs: CATALOGUE["gradient-no-log-nu"].evaluate("gaussian_nce", inputs),
    )
    assert said.best.id == "gradient-no-log-nu" and "alone" not in said.best.title


@pytest.mark.parametrize("dtype", DTYPES)
def test_rounding_does_not_hide_a_mistake(dtype):
    rng = np.random.default_rng(0)
    eps = float(np.finfo(dtype).eps)
    for name in NCE:
        for mistake in ("no-log-nu", "noise-averaged", "labels-swapped", "mean-of-means"):

            def rounded(inputs, name=name, mistake=mistake):
                found = CATALOGUE[mistake].evaluate(name, inputs)
                return {
                    k: np.asarray(v) * (1 + 2 * eps * rng.choice((-1.0, 1.0), np.shape(v)))
                    for k, v in found.items()
                }

            said = diagnosis(name, rounded, dtype)
            assert (said.best.id, said.ambiguous) == (mistake, ())


def test_other_implementation_of_a_naive_log_sigmoid():
    """e^t/(1 + e^t) for 1/(1 + e^-t): other roundings, NaN in other places, the same slip."""

    def naive(inputs):
        t, s = (
            inputs["log_ratio_data"] - np.log(inputs["nu"]),
            inputs["log_ratio_noise"] - np.log(inputs["nu"]),
        )
        h, p = np.exp(t) / (1 + np.exp(t)), 1 - 1 / (1 + np.exp(-s))
        return {"value": (np.log(h).sum() + np.log(p).sum()) / len(t)}

    assert diagnosis("nce_from_log_ratios", naive).best.id == "naive-log-sigmoid"


def corrupted(outputs, rng, kind):
    """Wrong in a way that no catalogue has."""
    r = rng.standard_normal
    o = {k: np.asarray(v) for k, v in outputs.items()}
    return [
        lambda: {k: v * (1 + 0.3 * r(v.shape)) for k, v in o.items()},
        lambda: {k: v + 0.1 * r(v.shape) for k, v in o.items()},
        lambda: {k: np.tanh(v) for k, v in o.items()},
        lambda: {k: v if k == "value" else v + 1e-3 * r(v.shape) for k, v in o.items()},
        lambda: {k: v * np.abs(v) for k, v in o.items()},
        lambda: {k: v if rng.random() < 0.5 else v * (1 + 0.1 * r()) for k, v in o.items()},
        lambda: {k: np.full(v.shape, np.nan) for k, v in o.items()},
        lambda: {k: np.zeros(v.shape) for k, v in o.items()},
        lambda: {k: v if rng.random() < 0.7 else np.full(v.shape, np.inf) for k, v in o.items()},
        lambda: {
            k: v * (1 + 100 * float(np.finfo(v.dtype).eps) * r(v.shape)) for k, v in o.items()
        },
        # In one output alone, where the mistakes of that output are tried.
        lambda: {k: v * 1.3 if k == next(iter(o)) else v for k, v in o.items()},
        lambda: {k: v + 0.1 * r(v.shape) if k == list(o)[-1] else v for k, v in o.items()},
    ][kind]()


# Every second objective for each of the twelve kinds, in one dtype and the other by turns.
TRIALS = {
    name: [
        (kind, DTYPES[(FUNCTIONS.index(name) // 2 + kind // 2) % 2])
        for kind in range(12)
        if FUNCTIONS.index(name) % 2 == kind % 2
    ]
    for name in FUNCTIONS
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_named_falsely(name):
    """One objective after the other, one dtype after the other: what the suspects return is then computed once."""
    false, silent = [], []
    for kind, dtype in sorted(TRIALS[name], key=lambda trial: trial[1]):
        rng = np.random.default_rng([3, FUNCTIONS.index(name), kind])
        said = diagnosis(
            name,
            lambda inputs, kind=kind, rng=rng: corrupted(right(name)(inputs), rng, kind),
            dtype,
        )
        if said.best is not None and said.best.kind != "hint":
            false.append((name, kind, dtype, said.best.id))
        if said != Diagnosis() and said.best is None and not said.hints:
            silent.append((name, kind, dtype))
    assert not false and not silent


def test_the_trials_cover_every_kind_in_both_dtypes():
    trials = [trial for of_name in TRIALS.values() for trial in of_name]
    assert set(trials) == {(kind, dtype) for kind in range(12) for dtype in DTYPES}


def test_float32_in_a_float64_check():
    for name in FUNCTIONS:
        said = diagnosis(
            name,
            lambda i, name=name: right(name)(
                {k: v if isinstance(v, float) else v.astype("f4") for k, v in i.items()}
            ),
        )
        assert (said.best.kind, said.best.id) == ("hint", "float32")

        def both(i, name=name):
            return CATALOGUE["no-log-nu"].evaluate(
                name, {k: v if isinstance(v, float) else v.astype("f4") for k, v in i.items()}
            )

        if name in NCE:
            said = diagnosis(name, both)
            assert said.best.id == "no-log-nu" and "float32" in said.hints[0]


@pytest.mark.parametrize("name", NCE)
def test_one_over_n_data_in_float32(name):
    """Hardly anything saw it while most n_data were powers of two: seven digits of a weight that float32 holds
    exactly."""

    def rounded(inputs):
        n_data = len(
            next(inputs[key] for key in ("x", "log_ratio_data", "log_model_data") if key in inputs)
        )
        return {
            key: n_data * float(np.float32(1 / n_data)) * np.asarray(value)
            for key, value in right(name)(inputs).items()
        }

    results = judged(name, rounded)
    failed = [result for result in results if result.status == "failed"]
    assert len(failed) >= 5
    assert any("/sizes/n-data-" in result.id for result in failed)
    said = diagnose(OBJECTIVES[name], results)
    assert (said.best.kind, said.best.id) == ("hint", "lost-digits")


def test_another_objective():
    def without_noise(i):
        ratios = {f"log_ratio_{side}": i[f"log_model_{side}"] for side in ("data", "noise")}
        return {"value": right("nce_from_log_ratios")({**ratios, "nu": i["nu"]})["value"]}

    said = diagnosis("binary_nce", without_noise)
    assert said.best.id == "no-log-pn-everywhere" and "nce_from_log_ratios" in said.best.remedy
    said = diagnosis("log_sigmoid", right("sigmoid"))
    assert 'oracle.check(impl, "sigmoid")' in said.best.remedy
    message = recognise_signature(
        ["log_ratio_data", "log_ratio_noise", "nu"], OBJECTIVES["binary_nce"]
    )
    assert 'oracle.check(impl, "nce_from_log_ratios")' in message
    assert recognise_signature(["t"], OBJECTIVES["sigmoid"]) is None
    assert recognise_signature([], OBJECTIVES["sigmoid"]) is None
    assert recognise_signature(["a", "b"], OBJECTIVES["sigmoid"]) is None


def test_a_suspect_must_not_contradict_what_passes():
    """Wrong in the tails only, as no-log-nu is everywhere: not named."""
    wrong = functools.partial(CATALOGUE["no-log-nu"].evaluate, "nce_from_log_ratios")
    results = judged(
        "nce_from_log_ratios",
        lambda i: wrong(i) if len(i["log_ratio_data"]) == 2 else right("nce_from_log_ratios")(i),
    )
    assert sum(result.status == "failed" for result in results) >= 2
    assert diagnose(OBJECTIVES["nce_from_log_ratios"], results, "float64", OURS).best is None
