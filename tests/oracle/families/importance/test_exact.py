"""The rivals' 40 digits: the papers' formulas in plain decimals, derivatives by differences in exact arithmetic, the
package, zeros."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.numbers.logarithms import ExactLog, pi
from nce_ref.oracle.scales import scales
from tests.oracle import exact_forms as exact_rivals
from tests.oracle.float64_bounds import U, agrees

# One small problem, all of it exact in float32; the noise's weights differ by some e^5.
B = [[0.5, 2.0], [1.5, -0.25]]
X = [[1.0, -0.5], [0.25, 2.0]]
Y = [[-1.5, 0.5], [3.0, 1.25], [0.0, -2.0], [2.5, -2.5], [0.125, 1.25]]
MEAN, COV = [0.5, -0.25], [[4.0, 1.5], [1.5, 1.0]]
SLOPE = 1.25
LOGS = {
    "log_model_data": [-1.25, 0.5],
    "log_model_noise": [-3.0, 2.5, 0.25],
    "log_noise_noise": [-1.5, -0.75, -4.0],
}
CELLS = [(0, 0), (0, 1), (1, 0), (1, 1)]
DIGITS = 120
H = Fraction(1, 10**30)
CLOSE = Decimal(
    "1e-35"
)  # truncation is H^2 f'''/6, 1e-60 of the derivative's size: room for f'''/f' up to 1e25


def plain(number):
    return (
        Decimal(number.numerator) / Decimal(number.denominator)
        if isinstance(number, Fraction)
        else Decimal(number)
    )


def in_decimals(nested):
    return [in_decimals(entry) for entry in nested] if isinstance(nested, list) else plain(nested)


# --- the formulas written out, at 200 digits, nothing scaled and nothing collected
# ----------------------------------------------


def importance(log_x, log_y, log_noise):
    Z = sum((m - n).exp() for m, n in zip(log_y, log_noise, strict=True)) / len(log_y)
    return sum(log_x) / len(log_x) - Z.ln(), Z.ln()


def laplace(B, u):
    return -Decimal(2).sqrt() * sum(
        abs(sum(b * v for b, v in zip(row, u, strict=True))) for row in B
    )


def gaussian(u):
    (a, b), (_, d) = in_decimals(COV)
    v, w = (x - m for x, m in zip(u, in_decimals(MEAN), strict=True))
    det = a * d - b * b
    return -(d * v * v - 2 * b * v * w + a * w * w) / det / 2 - det.ln() / 2 - (2 * pi(210)).ln()


def importance_of_laplace(B):
    x, y = in_decimals(X), in_decimals(Y)
    return importance(
        [laplace(B, u) for u in x], [laplace(B, u) for u in y], [gaussian(u) for u in y]
    )[0]


def tanh(z):
    return (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())


def psi(B, u, slope):
    g = [
        -Decimal(2).sqrt() * tanh(slope * sum(b * v for b, v in zip(row, u, strict=True)))
        for row in B
    ]
    return [sum(g[i] * B[i][j] for i in range(2)) for j in range(2)]


def score_matching(B, slope):
    """The divergence by differences of Psi: no formula for tanh' is used."""
    step, total = Decimal("1e-40"), Decimal(0)
    for u in in_decimals(X):
        total += sum(v * v for v in psi(B, u, slope)) / 2
        for j in range(2):
            up, down = ([v + s * step * (k == j) for k, v in enumerate(u)] for s in (1, -1))
            total += (psi(B, up, slope)[j] - psi(B, down, slope)[j]) / (2 * step)
    return -total / len(X)


def test_values_are_those_of_the_formulas_written_out():
    """Differences at 1e-40 are right to 1e-78 of a third derivative; everything else to 190 digits."""
    with localcontext(prec=200):
        value, log_Z = importance(*map(in_decimals, LOGS.values()))
        found = exact_rivals.importance_sampling_from_log_densities(**LOGS, digits=60)
        assert abs(found["value"] - value) < Decimal("1e-58") and abs(
            found["log_normalizer"] - log_Z
        ) < Decimal("1e-58")
        found = exact_rivals.laplace_ica_importance_sampling(B, X, Y, MEAN, COV, digits=60)
        assert abs(found["value"] - importance_of_laplace(in_decimals(B))) < Decimal("1e-57")
        found = exact_rivals.laplace_ica_score_matching(B, X, SLOPE, digits=60)
        assert abs(found["value"] - score_matching(in_decimals(B), plain(SLOPE))) < Decimal("1e-57")
        assert abs(found["value"] - score_matching(in_decimals(B), 2 * plain(SLOPE))) > Decimal(
            "1e-2"
        )


# --- derivatives ----------------------------------------------------------------------------------


def moved(nested, index, by):
    if not index:
        return Fraction(nested) + by
    return [
        moved(entry, index[1:], by) if k == index[0] else entry for k, entry in enumerate(nested)
    ]


def difference(value, at, index):
    with localcontext(prec=DIGITS + 40):
        return (value(moved(at, index, H)) - value(moved(at, index, -H))) / (2 * plain(H))


OF_MODELS = {
    "importance": lambda b, digits=40, x=X, y=Y: exact_rivals.laplace_ica_importance_sampling(
        b, x, y, MEAN, COV, digits=digits
    ),
    "score matching": lambda b, digits=40, x=X, y=Y: exact_rivals.laplace_ica_score_matching(
        b, x, SLOPE, digits=digits
    ),
    "steep": lambda b, digits=40, x=X, y=Y: exact_rivals.laplace_ica_score_matching(
        b, x, 10.0, digits=digits
    ),
}


@pytest.mark.parametrize("index", CELLS)
@pytest.mark.parametrize("name", OF_MODELS)
def test_grad_B_is_the_derivative_of_the_value(name, index):
    function = OF_MODELS[name]
    slope = difference(lambda b: function(b, DIGITS)["value"], B, index)
    got = function(B)["grad_B"][index[0]][index[1]]
    assert abs(got - slope) <= CLOSE * abs(slope)
    assert abs(got + slope) > abs(slope)


def test_at_a_kink_the_derivative_is_0():
    """b_1 . x_1 = 0 and b_2 . y_2 = 0: |v| moves by as much on both sides, so that a central difference is off by some
    H."""
    x, y = [[1.0, -0.25], *X[1:]], [Y[0], [0.5, 3.0], *Y[2:]]
    got = OF_MODELS["importance"](B, x=x, y=y)["grad_B"]
    for i, j in CELLS:
        slope = difference(lambda b: OF_MODELS["importance"](b, DIGITS, x, y)["value"], B, (i, j))
        assert abs(got[i][j] - slope) < Decimal("1e-25")


@pytest.mark.parametrize("shift", [0.0, 800.0, -800.0])
@pytest.mark.parametrize("name", ["log_model_data", "log_model_noise"])
def test_derivatives_by_the_log_densities(name, shift):
    inputs = {**LOGS, "log_model_noise": [m + shift for m in LOGS["log_model_noise"]]}
    found = exact_rivals.importance_sampling_from_log_densities(**inputs)
    for k, got in enumerate(found[f"grad_{name}"]):

        def value(changed):
            return exact_rivals.importance_sampling_from_log_densities(
                **{**inputs, name: changed}, digits=DIGITS
            )["value"]

        slope = difference(value, inputs[name], (k,))
        assert abs(got - slope) <= CLOSE * abs(slope)
    assert abs(sum(found[f"grad_{name}"]) - (1 if name.endswith("data") else -1)) < Decimal(
        "1e-26"
    )  # Decimal's default context


# --- the package, and planted mistakes
# ---------------------------------------------------------------------------------------


def problem(n, seed):
    rng = np.random.default_rng([seed, n])
    W = rng.standard_normal((n, n)) + 1.5 * np.eye(n)
    frame = np.linalg.qr(rng.standard_normal((n, n)))[0]
    cov = frame @ np.diag(np.geomspace(0.5, 4.0, n)) @ frame.T
    x, y = rng.laplace(size=(5, n)), rng.standard_normal((9, n))
    return W, x, y, rng.standard_normal(n), (cov + cov.T) / 2


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_package_agrees_and_planted_mistakes_do_not(n):
    """Bounds: (m + 9) U times the running sums of absolute summands (see test_exact_network.py), m the longest sum."""
    W, x, y, mean, cov = problem(n, 1)
    theta, model = W.ravel(), nr.LaplaceICA(n)
    cases = {
        "laplace_ica_importance_sampling": (
            {"B": W, "x": x, "y": y, "noise_mean": mean, "noise_cov": cov},
            nr.ImportanceSamplingObjective(model, nr.GaussianNoise(mean, cov), x, y),
        ),
        "laplace_ica_score_matching": (
            {"B": W, "x": x, "slope": 3.0},
            nr.ScoreMatchingObjective(model, x, 3.0),
        ),
    }
    for name, (inputs, objective) in cases.items():
        value, gradient = objective(theta)
        want = getattr(exact_rivals, name)(**inputs)
        numbers = {key: np.array(digits, dtype=np.float64) for key, digits in want.items()}
        allowed = {
            key: (max(n, len(x), len(y)) + 9) * U * scale
            for key, scale in scales(name, inputs, numbers).items()
        }
        assert agrees({"value": value, "grad_B": gradient.reshape(n, n)}, want, allowed)
        if n > 1:
            for mistake in CATALOGUE.values():
                if (
                    name in mistake.objectives
                    and mistake.id.startswith(("is-", "sm-"))
                    and not _is_silent(mistake.id)
                ):
                    assert not agrees(mistake.evaluate(name, inputs), want, allowed), mistake.id


def _is_silent(id):
    """Where nothing overflows and no weight is clipped, these are right."""
    return id in ("is-naive-exp", "is-clip-log-weights", "is-truncated", "sm-naive-tanh")


# --- zeros and digits -----------------------------------------------------------------------------


def test_exact_zeros():
    one = exact_rivals.importance_sampling_from_log_densities(
        [-2.5, -2.5], [-3.0, -4.5], [-0.5, -2.0]
    )
    assert one["value"] == 0 and one["log_normalizer"] == Decimal("-2.5")
    # x = y at one point each: both slopes are the same number. Mirrored points have equal weights, and cancel.
    same = exact_rivals.laplace_ica_importance_sampling(B, [[1.0, -0.5]], [[1.0, -0.5]], MEAN, COV)
    assert same["grad_B"] == [[0, 0], [0, 0]] and same["value"] != 0
    identity = [[1.0, 0.0], [0.0, 1.0]]
    mirrored = exact_rivals.laplace_ica_importance_sampling(
        identity, [[2, 1], [2, -1]], [[1, 3], [1, -3], [5, 0]], [0.0, 0.0], identity
    )
    assert mirrored["grad_B"][0][1] == mirrored["grad_B"][1][0] == 0 and 0 not in (
        mirrored["grad_B"][0][0],
        mirrored["grad_B"][1][1],
    )
    origin = exact_rivals.laplace_ica_score_matching(identity, [[0.0, 0.0]], 4.0)
    assert origin["grad_B"][0][1] == 0 and origin["grad_B"][0][0] == ExactLog(
        sqrt2=Fraction(8)
    ).decimal(40)


def test_far_out_all_digits_are_there():
    """A share of e^-800/(1 + e^-800). At slope 1, s = 400: q = 1 - tanh^2 = 4 e^-800 + O(e^-1600), J = -1 + (1 +
    sqrt(2)) q."""
    found = exact_rivals.importance_sampling_from_log_densities([0.0], [0.0, -800.0], [0.0, 0.0])
    with localcontext(prec=760):
        tail = Decimal(-800).exp()
        assert abs(found["grad_log_model_noise"][1] / -tail - 1) < Decimal("1e-38")
        found = exact_rivals.laplace_ica_score_matching([[1.0]], [[400.0]], 1.0, digits=750)
        assert abs(found["value"] + 1 - 4 * (1 + Decimal(2).sqrt()) * tail) < 100 * tail * tail


def test_more_digits_are_the_same_number():
    for function in OF_MODELS.values():
        few, many = function(B), function(B, 90)
        with localcontext(prec=40):
            assert few["value"] == +many["value"]
            assert few["grad_B"] == [[+d for d in row] for row in many["grad_B"]]


def test_ln_Z_is_that_of_the_integral():
    """An independent form: the mean over a grid of width h is Z by the midpoint rule, 2/(sqrt(2) b) to h^2/24 (sqrt(2)
    b)^2 of itself."""
    b, h = 1.5, 1 / 16
    grid = [Fraction(h) * (2 * k + 1) / 2 for k in range(-192, 192)]
    log_Z = (
        -exact_rivals.log_mean_exp([ExactLog(sqrt2=-Fraction(b) * abs(u)) for u in grid], 20)
        + Decimal(len(grid) * h).ln()
    )
    assert abs(float(log_Z) - np.log(2 / (np.sqrt(2) * b)) + h**2 / 24 * 2 * b**2) < h**4


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: exact_rivals.importance_sampling_from_log_densities([0], [0, 1], [0]),
            "log_noise_noise: got 1 numbers; expected 2",
        ),
        (
            lambda: exact_rivals.importance_sampling_from_log_densities([float("nan")], [0], [0]),
            "log_model_data: got nan",
        ),
        (
            lambda: exact_rivals.laplace_ica_importance_sampling(B, X, [[1, 2, 3]], MEAN, COV),
            "y: got 3 numbers; expected 2",
        ),
        (
            lambda: exact_rivals.laplace_ica_importance_sampling(B, X, Y, MEAN, [[1, 2], [2, 1]]),
            "noise_cov: not positive definite",
        ),
        (
            lambda: exact_rivals.laplace_ica_score_matching(B, X, 0.0),
            "slope: got 0; expected a number above 0",
        ),
        (
            lambda: exact_rivals.laplace_ica_score_matching([[1, 2]], X, 1.0),
            "B: got 2 numbers; expected 1",
        ),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        call()
