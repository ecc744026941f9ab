"""The oracle's numbers: another library's digits, differences in exact arithmetic, zeros, bad input."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from tests.oracle import exact_forms as exact

# One small problem, all of it exact in float32: nu = 5/2, det B < 0, cov far from I, a mean.
B = [[0.5, 2.0], [1.5, -0.25]]
C = 0.75
X = [[1.0, -0.5], [0.25, 2.0]]
Y = [[-1.5, 0.5], [3.0, 1.25], [0.0, -2.0], [2.5, -2.5], [0.125, 0.75]]
MEAN, COV = [0.5, -0.25], [[4.0, 1.5], [1.5, 1.0]]
PRECISION = [[1.25, 0.5], [0.5, 2.0]]

# Printed by mpmath 1.3 at 1200 digits from the textbook formulas, h = 1/(1 + nu e^-G), ln h and ln(1 - h) taken
# literally.
PRINTED = {
    "laplace_ica_nce": (
        lambda: exact.laplace_ica_nce(B, C, X, Y, MEAN, COV),
        {
            "value": "-3.004652728749724044204687659171019641333",
            "grad_B": [
                [
                    "-1.668094740181643006335267383260669002836",
                    "1.920937522915876873103227635452231761766",
                ],
                [
                    "1.737616457713666872060545492012180146886",
                    "-1.508700671543847775681622108711406549465",
                ],
            ],
            "grad_c": "-0.8611048365340739260866654040096345523667",
        },
    ),
    "gaussian_nce": (
        lambda: exact.gaussian_nce(PRECISION, C, X, Y, MEAN, COV),
        {
            "value": "-6.864935847437932423457279800171990683963",
            "grad_precision": [
                [
                    "2.073098034797744868524946508582083784856",
                    "-1.696895988793769117400231294348682021496",
                ],
                [
                    "-1.696895988793769117400231294348682021496",
                    "2.406704331210421735690190368066793155343",
                ],
            ],
            "grad_c": "-1.707297378862415044116000893921090157909",
        },
    ),
    "laplace_ica_mle": (
        lambda: exact.laplace_ica_mle(B, X),
        {
            "value": "-4.061518627435820956522792627798743618692",
            "grad_B": [
                [
                    "0.6103300858899106433006332715786367794636",
                    "-1.287766952966368811002110905262122598212",
                ],
                [
                    "0.1096699141100893566993667284213632205364",
                    "1.607766952966368811002110905262122598212",
                ],
            ],
        },
    ),
    "laplace_ica_log_density": (
        lambda: exact.laplace_ica_log_density(B, C, X),
        {
            "value": [
                "-2.255203820042826978703588538945608416961",
                "-5.260407640085653957407177077891216833921",
            ]
        },
    ),
    "laplace_ica_log_density, normalised": (
        lambda: exact.laplace_ica_log_density(B, None, X),
        {
            "value": [
                "-2.558916717414407467170998358325939410211",
                "-5.564120537457234445874586897271547827172",
            ]
        },
    ),
    "gaussian_log_density": (
        lambda: exact.gaussian_log_density(X, MEAN, COV),
        {
            "value": [
                "-2.367684960377056826696103723074648576466",
                "-8.403399246091342540981818008788934290752",
            ]
        },
    ),
}


def decimals(printed):
    return [decimals(p) for p in printed] if isinstance(printed, list) else Decimal(printed)


@pytest.mark.parametrize("name", PRINTED)
def test_forty_digits_are_another_librarys(name):
    compute, printed = PRINTED[name]
    assert compute() == {output: decimals(digits) for output, digits in printed.items()}


# --- every derivative against central differences of the value, in exact arithmetic
# -------------------------------------------

H = Fraction(1, 10**30)
DIGITS = 120
# the smallest derivative asked for is e^-800 = 4e-348 beside a value of -800, and the step takes 30
# digits more
TAIL_DIGITS = 460


def shifted(array, index, by):
    """The nested list with ``by`` added at ``index``, as fractions."""
    if not index:
        return Fraction(array) + by
    return [
        shifted(entry, index[1:], by) if k == index[0] else entry for k, entry in enumerate(array)
    ]


def difference(value, array, indices):
    """(value(array + H at indices) - value(array - H at indices)) / 2H."""
    up, down = array, array
    for index in indices:
        up, down = shifted(up, index, H), shifted(down, index, -H)
    with localcontext(prec=TAIL_DIGITS + 40):
        return (value(up) - value(down)) / (2 * Decimal(H.numerator) / Decimal(H.denominator))


def near(got, want, relative):
    with localcontext(prec=60):
        return abs(got - want) <= Decimal(relative) * abs(want)


# Truncation is H^2 f'''/6 = 1e-60 of the derivative's scale: 1e-35 leaves room for f'''/f' up to 1e25 and for partial
# sums.
CLOSE = 1e-35


@pytest.mark.parametrize("t", [0.1, -3.0, 40.0, -40.0, 800.0, -800.0])
@pytest.mark.parametrize("function", [exact.log_sigmoid, exact.sigmoid])
def test_derivatives_of_the_kernels(function, t):
    assert near(
        function(t)["grad"],
        difference(lambda s: function(s, digits=TAIL_DIGITS)["value"], t, [()]),
        CLOSE,
    )


TAILS = {  # log-ratios on the data and on the noise, digits that the differences need
    "plain": ([0.25, -1.5], [0.5, -2.0, 3.0, 0.0, 1.0], DIGITS),
    "wrong side, 40": ([-40.0, -41.5], [40.0, 39.0, 41.0, 40.5, 40.25], DIGITS),
    "mixed, 800": ([800.0, -800.0], [40.0, -40.0, -800.0, 800.0, 0.0], TAIL_DIGITS),
}


@pytest.mark.parametrize("name", TAILS)
def test_derivatives_in_the_log_ratios_and_log_densities(name):
    *samples, digits = TAILS[name]
    ratios = dict(zip(("log_ratio_data", "log_ratio_noise"), samples))
    out = exact.nce_from_log_ratios(**ratios, nu=2.5)
    model = {
        "log_model_data": [g - 1.25 for g in samples[0]],
        "log_model_noise": [g + 2.5 for g in samples[1]],
    }
    same = exact.binary_nce(**model, log_noise_data=[-1.25] * 2, log_noise_noise=[2.5] * 5, nu=2.5)
    assert same["value"] == out["value"]

    def value(argument, changed):
        return exact.nce_from_log_ratios(**{**ratios, argument: changed}, nu=2.5, digits=digits)[
            "value"
        ]

    for argument, values in ratios.items():
        assert same["grad_" + argument.replace("ratio", "model")] == out["grad_" + argument]
        for k in range(len(values)):
            slope = difference(
                lambda changed, argument=argument: value(argument, changed), values, [(k,)]
            )
            assert near(out["grad_" + argument][k], slope, CLOSE)


PROBLEM = {"x": X, "y": Y, "noise_mean": MEAN, "noise_cov": COV}
KINKED = {
    **PROBLEM,
    "x": [[1.0, -0.25], [0.25, 2.0]],
    "y": [[0.5, 3.0], [0.0, 0.0], *Y[2:]],
}  # b_1 . x_1 = 0, b_2 . y_1 = 0, y_2 = 0
CELLS = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(("problem", "close"), [(PROBLEM, CLOSE), (KINKED, 1e-25)])
def test_derivatives_of_laplace_ica(problem, close):
    """At a kink the step H moves |v| by as much on both sides: central differences give derivative 0, with an error of
    order H."""
    nce, mle = exact.laplace_ica_nce(B, C, **problem), exact.laplace_ica_mle(B, problem["x"])
    for i, j in CELLS:
        slope = difference(
            lambda b: exact.laplace_ica_nce(b, C, **problem, digits=DIGITS)["value"], B, [(i, j)]
        )
        assert near(nce["grad_B"][i][j], slope, close)
        slope = difference(
            lambda b: exact.laplace_ica_mle(b, problem["x"], digits=DIGITS)["value"], B, [(i, j)]
        )
        assert near(mle["grad_B"][i][j], slope, close)
    assert near(
        nce["grad_c"],
        difference(
            lambda c: exact.laplace_ica_nce(B, c, **problem, digits=DIGITS)["value"], C, [()]
        ),
        CLOSE,
    )


def test_derivatives_of_gaussian_nce():
    """Moving Lambda_ij and Lambda_ji together gives twice the off-diagonal entry: the convention of
    ``grad_precision``."""
    out = exact.gaussian_nce(PRECISION, C, **PROBLEM)
    for i, j in CELLS:
        cells = {(i, j), (j, i)}
        slope = difference(
            lambda p: exact.gaussian_nce(p, C, **PROBLEM, digits=DIGITS)["value"], PRECISION, cells
        )
        with localcontext(prec=DIGITS):
            slope /= len(cells)
        assert near(out["grad_precision"][i][j], slope, CLOSE)
    assert near(
        out["grad_c"],
        difference(
            lambda c: exact.gaussian_nce(PRECISION, c, **PROBLEM, digits=DIGITS)["value"], C, [()]
        ),
        CLOSE,
    )


# --- zeros, shapes, bad input
# -------------------------------------------------------------------------------------------------


def test_exact_zeros():
    # Two data and two noise points, mirrored in the second coordinate: their weights are irrational, equal, and cancel.
    mirrored = exact.laplace_ica_nce(
        [[1.0, 0.0], [0.0, 1.0]],
        0.5,
        [[1, 2], [1, -2]],
        [[3, 1], [3, -1]],
        [0, 0],
        [[1, 0], [0, 2]],
    )
    assert mirrored["grad_B"][0][1] == mirrored["grad_B"][1][0] == 0 and 0 not in (
        mirrored["grad_B"][0][0],
        mirrored["grad_B"][1][1],
    )
    # At b . u = 0 everywhere the derivative is 0 by convention; ln|det B| = (n/2) ln 2 makes the normalised density 1
    # at 0.
    assert exact.laplace_ica_nce([[0.0, 0.0], [1.0, 1.0]], 0.0, X, Y, MEAN, COV)["grad_B"][0] == [
        0,
        0,
    ]
    assert exact.laplace_ica_log_density([[2.0, 0.0], [0.0, -1.0]], None, [[0.0, 0.0]])[
        "value"
    ] == [0]
    assert exact.laplace_ica_mle([[2.0, 0.0], [0.0, -1.0]], [[0.0, 0.0]])["value"] == 0
    assert exact.laplace_ica_mle([[2.0, 0.0], [0.0, -1.0]], [[0.5, 0.0]])["grad_B"][0][1] == 0


def test_scalars_sequences_and_arrays():
    assert exact.log_sigmoid([0.5, 2])["value"] == [
        exact.log_sigmoid(0.5)["value"],
        exact.log_sigmoid(np.float64(2))["value"],
    ]
    assert exact.sigmoid(np.array([0.5]))["grad"] == [exact.sigmoid(0.5)["grad"]]
    arrays = {name: np.array(value) for name, value in PROBLEM.items()}
    assert exact.laplace_ica_nce(np.array(B), C, **arrays) == exact.laplace_ica_nce(B, C, **PROBLEM)


BAD = {
    "nu: got 0; expected a number above 0": lambda: exact.nce_from_log_ratios([0.0], [0.0], 0),
    "log_noise_data: got 1 numbers; expected 2": lambda: exact.binary_nce(
        [0, 0], [0], [0], [0], 0.5
    ),
    "log_noise_noise: got 2 numbers; expected 1": lambda: exact.binary_nce(
        [0, 0], [0], [0, 0], [0, 0], 0.5
    ),
    "x: got 3 numbers; expected 2": lambda: exact.laplace_ica_nce(B, C, [[1, 2, 3]], Y, MEAN, COV),
    "noise_mean: got 1 numbers; expected 2": lambda: exact.laplace_ica_nce(B, C, X, Y, [0], COV),
    "noise_cov: not positive definite": lambda: exact.gaussian_nce(
        PRECISION, C, X, Y, MEAN, [[1, 2], [2, 1]]
    ),
    "precision: got": lambda: exact.gaussian_nce(B, C, X, Y, MEAN, COV),
    "B: its determinant is 0": lambda: exact.laplace_ica_mle([[1, 2], [2, 4]], X),
    "c: got nan": lambda: exact.laplace_ica_log_density(B, float("nan"), X),
    "t: got inf": lambda: exact.log_sigmoid(float("inf")),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_named(message):
    with pytest.raises(ValueError, match=f"^{message}"):
        BAD[message]()
