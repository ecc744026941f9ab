"""Unknown weights and constants are found from values and gradients, or from values alone, and nothing else passes for
them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.oracle.conventions import Convention, sample_sizes
from nce_ref.oracle.families.nce import one_formula
from nce_ref.oracle.families.nce import one_formula_words as words
from nce_ref.oracle.numbers import names
from nce_ref.oracle.objectives import OBJECTIVES
from tests.oracle.answers import NCE, diagnosis, observed, right, under
from tests.oracle.steps import Steps, evaluate

RATIOS = {
    "nce_from_log_ratios": one_formula.of_log_ratios,
    "binary_nce": one_formula.of_log_densities,
    "laplace_ica_nce": one_formula.of_laplace_ica,
    "gaussian_nce": one_formula.of_gaussian,
}
DIGITS = {"float32": 2e-4, "float64": 1e-12}


class Member(Steps):
    """w1, w0 and ln K as functions of (n_data, n_noise); ``extra`` is added to ln K."""

    def __init__(self, w1=lambda n, m: 1.0, w0=lambda n, m: 1.0, power=1.0, delta=0.0, no_2pi=0.0):
        self.w1, self.w0, self.power, self.delta, self.no_2pi = w1, w0, power, delta, no_2pi

    def weights(self, n_data, n_noise):
        return self.w1(n_data, n_noise) / n_data, self.w0(n_data, n_noise) / n_data

    def log_nu(self, nu, is_data):
        return self.power * math.log(nu) + self.delta

    def gaussian_constant(self, n_dim):
        return super().gaussian_constant(n_dim) * (1.0 - self.no_2pi)


def impl(name, **member):
    return lambda inputs: evaluate(Member(**member), name, inputs)


def fit(seen):
    return one_formula.fit(seen, RATIOS[seen.objective.name])


CASES = {
    "data weight": ({"w1": lambda n, m: 2.0}, (2.0, "1", 1.0, "1", 1.0, 0.0), "data weight w1 = 2"),
    "noise weight": (
        {"w0": lambda n, m: 0.5},
        (1.0, "1", 0.5, "1", 1.0, 0.0),
        "noise weight w0 = 0.5",
    ),
    "noise averaged": (
        {"w0": lambda n, m: n / m},
        (1.0, "1", 1.0, "1/nu", 1.0, 0.0),
        "noise weight w0 = 1/nu",
    ),
    "constant": ({"delta": 0.7}, (1.0, "1", 1.0, "1", 1.0, 0.7), "ln K = ln nu + 0.7"),
    "half ln 2 pi": (
        {"delta": 0.5 * math.log(2 * math.pi)},
        (1.0, "1", 1.0, "1", 1.0, 0.5 * math.log(2 * math.pi)),
        "ln K = ln nu + 0.918939 = ln(2 pi)/2",
    ),
    "no nu": ({"power": 0.0}, (1.0, "1", 1.0, "1", 0.0, 0.0), "ln K = 0"),
    "three at once": (
        {"w1": lambda n, m: 3.0, "w0": lambda n, m: 0.4 * n / m, "power": 0.0, "delta": -1.3},
        (3.0, "1", 0.4, "1/nu", 0.0, -1.3),
        "data weight w1 = 3, noise weight w0 = 0.4 x 1/nu, ln K = -1.3",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "dtype, only", [("float64", None), ("float32", None), ("float64", ("value",))]
)
def test_members_are_recovered(case, dtype, only):
    member, (a1, f1, a0, f0, power, delta), title = CASES[case]
    for name in NCE:
        found = fit(observed(name, impl(name, **member), dtype, only=only))
        assert found is not None, name
        assert (found.f1, found.f0, found.power, found.feature, found.flipped) == (
            f1,
            f0,
            power,
            "1",
            False,
        )
        np.testing.assert_allclose(
            (found.a1, found.a0, found.delta), (a1, a0, delta), rtol=0, atol=DIGITS[dtype]
        )
        said = words.describe(found)[0]
        assert dtype == "float32" or said.startswith(title), said


def test_constant_times_dimension():
    """Twice -(n/2) ln 2 pi left out of ln p_n: ln K is off by n ln 2 pi, where n varies between the vectors."""
    for name in ("laplace_ica_nce", "gaussian_nce"):
        found = fit(observed(name, impl(name, no_2pi=2.0)))
        assert found.feature == "n_dim"
        assert found.delta == pytest.approx(math.log(2 * math.pi), abs=1e-12)
        assert "(1.83788 = ln(2 pi)) x n_dim" in words.describe(found)[0]


def test_consequence_for_c():
    found = fit(observed("binary_nce", impl("binary_nce", **CASES["data weight"][0])))
    assert "a shift of ln 2;" in words.describe(found)[1]
    found = fit(observed("binary_nce", impl("binary_nce", w0=lambda n, m: 0.3 * n / m)))
    assert "a shift of ln(10/3) + ln nu;" in words.describe(found)[1]
    found = fit(observed("binary_nce", impl("binary_nce", **CASES["constant"][0])))
    assert "a shift of 0.7;" in words.describe(found)[1]
    found = fit(observed("binary_nce", impl("binary_nce", w0=lambda n, m: 0.0)))
    assert "no maximum" in words.describe(found)[1]


def test_the_diagnosis_names_the_member_and_the_convention():
    said = diagnosis("nce_from_log_ratios", impl("nce_from_log_ratios", w0=lambda n, m: 0.3))
    assert (said.best.kind, said.best.title, said.best.remedy) == (
        "family",
        "noise weight w0 = 0.3",
        "",
    )
    minimised = under(
        "nce_from_log_ratios",
        Convention("minimise"),
        impl("nce_from_log_ratios", w0=lambda n, m: 0.3),
    )
    said = diagnosis("nce_from_log_ratios", minimised)
    assert said.best.title == "noise weight w0 = 0.3, under sense=minimise"
    assert said.best.kind == "family" and 'Convention(sense="minimise")' in said.best.remedy
    # c of the other sign besides
    name = "gaussian_nce"
    found = fit(observed(name, under(name, Convention(c_sign="subtracted"), impl(name, delta=0.7))))
    assert found.flipped and found.delta == pytest.approx(0.7, abs=1e-12)


def test_a_known_mistake_comes_first():
    said = diagnosis("binary_nce", impl("binary_nce", w0=lambda n, m: n / m))
    assert (said.best.kind, said.best.id) == ("mistake", "noise-averaged")


@pytest.mark.parametrize("only", [None, ("value",)])
def test_no_false_positive(only):
    """A family of 3 numbers and 8 x 8 x 5 forms against 18 or more equations: nothing else fits to the tolerance."""
    rng = np.random.default_rng(5)
    others = [
        lambda outputs: {k: np.asarray(v) * 1.1 + 0.01 for k, v in outputs.items()},
        lambda outputs: {k: np.tanh(v) for k, v in outputs.items()},
        lambda outputs: {
            k: np.asarray(v) * (1 + 1e-2 * rng.standard_normal(np.shape(v)))
            for k, v in outputs.items()
        },
        lambda outputs: {
            k: np.asarray(v) + 1e-3 * rng.standard_normal(np.shape(v)) for k, v in outputs.items()
        },
        lambda outputs: {k: np.asarray(v) ** 3 for k, v in outputs.items()},
    ]
    for name in NCE if only else ("nce_from_log_ratios", "gaussian_nce"):
        for other in others:
            assert (
                fit(
                    observed(
                        name,
                        lambda inputs, name=name, other=other: other(right(name)(inputs)),
                        only=only,
                    )
                )
                is None
            )
        # w0 = 0.3, but 0.31 where nu <= 1: no feature of the list.
        assert (
            fit(observed(name, impl(name, w0=lambda n, m: 0.3 if n < m else 0.31), only=only))
            is None
        )


def test_too_few_equations():
    """Five numbers at least, for three unknowns."""
    some = observed(
        "nce_from_log_ratios", impl("nce_from_log_ratios", w1=lambda n, m: 2.0), only=("value",)
    )
    assert fit(some.subset(range(4))) is None


def test_prediction_is_the_member():
    name = "laplace_ica_nce"
    seen = observed(name, impl(name, w1=lambda n, m: 0.5, delta=-0.4))
    assert seen.agree(one_formula.predict(seen, fit(seen), RATIOS[seen.objective.name])).all()


def test_features_of_the_weights():
    of_data = {f"log_{law}_data": [0] * 4 for law in ("model", "noise")}
    of_noise = {f"log_{law}_noise": [0] * 10 for law in ("model", "noise")}
    sizes = sample_sizes(OBJECTIVES["binary_nce"], {**of_data, **of_noise, "nu": 2.5})
    values = {name: function(*sizes) for name, function in one_formula.WEIGHTS.items()}
    assert values == pytest.approx(
        {
            "1": 1,
            "nu": 2.5,
            "1/nu": 0.4,
            "1/(1 + nu)": 1 / 3.5,
            "n_data": 4,
            "n_noise": 10,
            "1/n_data": 0.25,
            "1/n_noise": 0.1,
        }
    )


@pytest.mark.parametrize(
    "value, name",
    [
        (0.5, "0.5"),
        (1 / 3, "1/3"),
        (math.sqrt(2), "sqrt(2)"),
        (-2.0, "-2"),
        (0.123456789, "0.123457"),
        (1 / math.log(2), "1/ln 2"),
    ],
)
def test_numbers(value, name):
    assert names.name_number(value, 1e-13) == name


@pytest.mark.parametrize(
    "value, name",
    [
        (math.log(2 * math.pi), "1.83788 = ln(2 pi)"),
        (-0.5 * math.log(2), "-0.346574 = -ln 2/2"),
        (0.7, "0.7"),
        (0.71828, "0.71828"),
    ],
)
def test_logs(value, name):
    assert names.name_log(value, 1e-13) == name
