"""Certified estimates: what float64 found, J around them by other formulas, and refusals."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.oracle.families.estimates import exact as exact_estimates
from nce_ref.oracle.families.estimates.exact import gaussian_nce_estimate, laplace_ica_nce_estimate
from nce_ref.oracle.numbers import logistic as exact_logistic
from tests.oracle import exact_forms as exact
from tests.oracle.estimate_problems import ICA, distance, draw, fitted, flat, posteriors
from tests.oracle.float64_bounds import bound_gaussian_nce, bound_laplace_ica_nce

# --- against the package's fit
# -----------------------------------------------------------------------------------------------


def allowed_distance(fit, got, gradient_error, steepness, off_manifold, nu):
    """THEORY.md, 7.6: 3 s/m, where s is what the fit reports, the error of its gradient in float64 and what the
    projection onto the manifold of the kinks, ``off_manifold`` away, changes in the gradient: (1 + nu) L^2/4 times
    that."""
    s = fit.stationarity + 2 * gradient_error + (1 + nu) * steepness**2 / 4 * off_manifold
    return off_manifold + 3 * s / float(got["curvature"])


@pytest.mark.parametrize("case", ICA)
def test_estimate_is_the_packages_fit(case):
    inputs, fit, B, c, kinks, got = fitted(case)
    n, _, nu, _ = case
    assert kinks
    bound = bound_laplace_ica_nce(
        B,
        c,
        **{
            "x": inputs["x"],
            "y": inputs["y"],
            "mean": inputs["noise_mean"],
            "cov": inputs["noise_cov"],
        },
    )
    of_gradient = float(np.sqrt((bound["grad_B"] ** 2).sum() + bound["grad_c"] ** 2))
    steepness = np.sqrt(
        1 + 2 * n * (np.concatenate([inputs["x"], inputs["y"]]) ** 2).sum(axis=1).max()
    )
    off = 0.0  # |X^+ X b| <= |X^+| |X b|, row by row; X b in floats of 53 bits is right to (n + 1) 2^-53 |b||x|
    for i in range(n):
        X = inputs["x"][[t for k, t in kinks if k == i]]
        if len(X):
            here = np.abs(X @ B[i]) + (n + 1) * 2.0**-53 * np.linalg.norm(
                X, axis=1
            ) * np.linalg.norm(B[i])
            off += np.linalg.norm(here) / np.linalg.svd(X)[1][-1]
    allowed = allowed_distance(fit, got, of_gradient, steepness, off, nu)
    assert distance(fit.theta, got) <= allowed < 1e-8
    assert abs(float(got["value"]) - fit.objective) <= 2 * bound["value"] + steepness * allowed


@pytest.mark.parametrize(("n", "nu", "seed"), [(1, 2.5, 5), (2, 1.0, 5), (3, 1.5, 8)])
def test_smooth_estimate_is_the_packages_fit(n, nu, seed):
    inputs = draw(n, 60, nu, seed, laplace=False)
    model, noise = nr.Gaussian(n), nr.GaussianNoise(inputs["noise_mean"], inputs["noise_cov"])
    fit = nr.fit_nce(
        model, noise, inputs["x"], inputs["y"], n_starts=1, rng=np.random.default_rng(2)
    )
    precision, c = model.unpack(fit.theta)
    got = gaussian_nce_estimate(precision, c, **inputs)
    bound = bound_gaussian_nce(
        precision, c, inputs["x"], inputs["y"], inputs["noise_mean"], inputs["noise_cov"]
    )
    of_gradient = float(
        np.sqrt((2 * bound["grad_precision"] ** 2).sum() * 2 + bound["grad_c"] ** 2)
    )
    steepness = np.linalg.norm(
        model.jacobian(fit.theta, np.concatenate([inputs["x"], inputs["y"]])), axis=1
    ).max()
    assert (
        distance(fit.theta, got)
        <= allowed_distance(fit, got, of_gradient, steepness, 0.0, nu)
        < 1e-8
    )
    again = exact.gaussian_nce(got["precision"], got["c"], **inputs)
    assert again["value"] == got["value"]
    assert max(
        abs(v) for row in [*again["grad_precision"], [again["grad_c"]]] for v in row
    ) < Decimal("1e-37")
    assert np.allclose(
        np.array(got["covariance"], float) / 60,
        nr.estimate_covariance(fit).covariance,
        rtol=1e-9,
        atol=1e-12,
    )


# --- by the formulas of ``exact``, which know no kinks' multipliers and no logistic regression
# -----------------------------------


def moves(case):
    """200 random directions; the lengths run from the distance of the noise's next kink, within which no J is higher
    (THEORY.md, 7.5), down to 1e-12 of it. Every other one is moved back onto the active kinks, along which J bends only
    quadratically."""
    inputs, _, _, _, kinks, got = fitted(case)
    n, rng = case[0], np.random.default_rng(7)
    for k in range(200):
        d = rng.standard_normal(n * n + 1)
        if k % 2:
            for i in range(n):
                X = inputs["x"][[t for j, t in kinks if j == i]]
                d[n * i : n * i + n] -= (
                    np.linalg.pinv(X) @ X @ d[n * i : n * i + n] if len(X) else 0.0
                )
        yield [
            Decimal(float(v))
            for v in float(got["kink_distance_noise"]) * 10.0 ** -(k % 13) / np.linalg.norm(d) * d
        ]


def textbook_value(n, inputs):
    """J(theta) to some 48 digits, as J12 has it: h = 1/(1 + nu e^-G), ln h and ln(1 - h) taken literally."""
    nu = Decimal(len(inputs["y"])) / len(inputs["x"])
    samples = [[[Decimal(float(v)) for v in u] for u in inputs[name]] for name in ("x", "y")]
    noise = [
        exact.gaussian_log_density(u, inputs["noise_mean"], inputs["noise_cov"], digits=60)["value"]
        for u in samples
    ]

    def value(theta):
        with localcontext(prec=60):
            total = Decimal(0)
            for of_data, points, log_noise in zip((True, False), samples, noise):
                for u, p in zip(points, log_noise):
                    sums = [
                        sum(a * b for a, b in zip(theta[n * i : n * i + n], u)) for i in range(n)
                    ]
                    h = 1 / (
                        1 + nu * (p + Decimal(2).sqrt() * sum(map(abs, sums)) - theta[-1]).exp()
                    )
                    total += (h if of_data else 1 - h).ln()
            return total / len(samples[0])

    return value


def test_no_move_finds_a_higher_objective():
    case = (2, 20, 1.5, 5)
    inputs, *_, kinks, got = fitted(case)
    here, value = exact.laplace_ica_nce(got["B"], got["c"], **inputs), textbook_value(2, inputs)
    assert len(kinks) == 2
    assert abs(here["value"] - got["value"]) < Decimal(
        "1e-38"
    )  # B rounded to 40 digits is off its kinks by as much
    assert abs(here["grad_c"]) < Decimal("1e-38")

    def highest(theta):
        with localcontext(prec=60):
            here = value(theta)
            return max(value([a + b for a, b in zip(theta, move)]) - here for move in moves(case))

    assert highest(flat(got)) < 0
    beside = [*flat(got)[:-1], got["c"] + Decimal("1e-4")]
    assert highest(beside) > 0
    assert abs(
        exact.laplace_ica_nce([beside[:2], beside[2:4]], beside[4], **inputs)["value"]
        - value(beside)
    ) < Decimal("1e-38")


@pytest.mark.parametrize("case", ICA[:3])
def test_multipliers_stand_in_the_place_of_signs(case):
    """The gradient with sign(b . x) = mu at the active kinks, by floats: 0 to rounding. A wrong mu moves it by w
    |x|."""
    inputs, _, B, _, kinks, got = fitted(case)
    x, y = inputs["x"], inputs["y"]
    signs = {"x": np.sign(x @ B.T), "y": np.sign(y @ B.T)}
    for (i, t), mu in zip(kinks, got["multipliers"]):
        signs["x"][t, i] = float(mu)
        assert abs(mu) < 1
    h_x, h_y = posteriors(got, inputs)
    grad = (
        -np.sqrt(2)
        * (signs["x"].T @ ((1 - h_x)[:, None] * x) - signs["y"].T @ (h_y[:, None] * y))
        / len(x)
    )
    assert np.abs(grad).max() < 1e-13
    assert {name: got[name] < Decimal("1e-50") for name in ("gradient_norm", "radius")} == {
        "gradient_norm": True,
        "radius": True,
    }
    distances = np.sort(np.abs(B @ x.T) / np.linalg.norm(x, axis=1), axis=None)[len(kinks)]
    assert float(got["kink_distance_data"]) == pytest.approx(distances, rel=1e-9)
    distances = (np.abs(B @ y.T) / np.linalg.norm(y, axis=1)).min()
    assert float(got["kink_distance_noise"]) == pytest.approx(distances, rel=1e-9)


def test_fifteen_digits_as_strings_start_it_and_forty_continue_fifty():
    inputs, *_, kinks, got = fitted(ICA[1])
    start = [[f"{v:.15g}" for v in row] for row in got["B"]]
    assert laplace_ica_nce_estimate(start, f"{got['c']:.15g}", kinks, **inputs)["B"] == got["B"]
    more = laplace_ica_nce_estimate(start, f"{got['c']:.15g}", kinks, **inputs, digits=50)
    with localcontext(prec=40):
        assert [+v for v in flat(more)] == flat(got) and +more["value"] == got["value"]
        assert [+v for v in more["standard_errors"]] == got["standard_errors"]


# --- what is no maximum is refused
# -----------------------------------------------------------------------------------------------


def refused(reason, B, c, kinks, inputs, error=ArithmeticError):
    with pytest.raises(error, match=reason):
        laplace_ica_nce_estimate(B, c, kinks, **inputs)


def test_a_missing_kink_is_refused():
    inputs, _, B, c, kinks, _ = fitted(ICA[1])
    refused("changed its sign|not listed", B, c, kinks[1:], inputs)
    refused("not listed", *smallest_exact_kink(inputs), [], inputs)


def smallest_exact_kink(inputs):
    """A start with b_0 . x_0 = 0 to the last bit."""
    x = inputs["x"][0]
    return [[float(x[1]), -float(x[0])], [0.25, 1.0]], -1.0


def test_a_kink_too_many_is_refused():
    """Row 0 turned onto the data's next kink: off it J is higher, so the multiplier exceeds 1 (or another kink is
    crossed)."""
    inputs, _, B, c, kinks, _ = fitted(ICA[0])
    reasons = []
    for t in np.argsort(np.abs(B[1] @ inputs["x"].T) / np.linalg.norm(inputs["x"], axis=1))[:6]:
        x, turned = inputs["x"][t], B.copy()
        turned[1] -= (B[1] @ x) / (x @ x) * x
        if (1, int(t)) not in kinks:
            with pytest.raises(ArithmeticError) as caught:
                laplace_ica_nce_estimate(
                    turned, c, [k for k in kinks if k[0] == 0] + [(1, int(t))], **inputs
                )
            reasons.append(str(caught.value))
    assert any("multiplier of b_1" in reason for reason in reasons), reasons
    refused(
        "is .* at the start; expected 0",
        B,
        c,
        [*kinks, (1, int(np.argmax(np.abs(B[1] @ inputs["x"].T))))],
        inputs,
        ValueError,
    )


def test_no_maximum_is_refused():
    inputs, _, B, c, kinks, _ = fitted(ICA[0])
    y = inputs["y"][3]
    refused("kink of the noise", [B[0], [float(y[1]), -float(y[0])]], c, [], inputs)
    refused("changed its sign|settle|definite", [[1.0, 0.25], [0.5, -1.0]], c, [], inputs)
    # A zero row is stationary by symmetry: a saddle. All kinks of the row meet there.
    refused("not listed", [B[0], [0.0, 0.0]], c, [k for k in kinks if k[0] == 0], inputs)
    refused("leave only b_1 = 0", [B[0], [0.0, 0.0]], c, [(1, 0), (1, 1)], inputs)


def test_a_maximum_at_infinity_and_a_flat_one_are_refused():
    separable = {
        "x": [[0.125], [-0.25]],
        "y": [[4.0], [-5.0]],
        "noise_mean": [0.0],
        "noise_cov": [[4.0]],
    }
    refused("settle|definite", [[1.0]], 0.0, [], separable)
    with pytest.raises(ArithmeticError, match=r"settle|definite"):
        gaussian_nce_estimate([[1.0]], 0.0, **separable)
    with pytest.raises(ArithmeticError, match="not definite"):
        gaussian_nce_estimate(
            [[1.0]], 0.0, x=[[1], [-1]], y=[[1], [-1]], noise_mean=[0], noise_cov=[[1]]
        )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("_radius", 1, "a kink lies"), ("_slack", Decimal("0.9"), "the multiplier of")],
)
def test_the_proofs_margins_are_asked_for(monkeypatch, name, value, reason):
    """These do not bind where Newton's method has converged; were they larger, they would."""
    inputs, _, B, c, kinks, _ = fitted(ICA[1])
    monkeypatch.setattr(exact_estimates, name, lambda *_: Decimal(value))
    refused(reason, B, c, kinks, inputs)


def test_curvature_radius_and_slack_bound_what_they_say():
    """Smooth, so that the manifold is everything: 1/trace lies between a quarter of the least eigenvalue and itself,
    for 4 parameters."""
    inputs = draw(2, 60, 1.0, 5, laplace=False)
    precision = np.linalg.inv(np.cov(inputs["x"].T))
    got = gaussian_nce_estimate(
        (precision + precision.T) / 2,
        np.log(np.linalg.det(precision)) / 2 - np.log(2 * np.pi),
        **inputs,
    )
    least = (
        1
        / np.linalg.eigvalsh(
            np.array(got["covariance"], float) + 2 * np.diag([0.0, 0.0, 0.0, 1.0])
        )[-1]
    )
    assert least / 4 <= float(got["curvature"]) <= least
    inverse = [[Decimal(2), Decimal(1)], [Decimal(1), Decimal(3)]]
    at = exact_logistic.LogisticMaximum([], Decimal(0), [], [], [], inverse)
    assert abs(
        exact_estimates._radius(at, [Decimal("0.0003"), Decimal("0.0004")], Decimal(10), 40)
        - Decimal("0.0075")
    ) < Decimal("1e-15")
    with pytest.raises(ArithmeticError, match=r"within 0\.0150 only"):
        exact_estimates._radius(at, [Decimal("0.0006"), Decimal("0.0008")], Decimal(10), 40)
    numbers = [
        Decimal(v) for v in ("0.001", "10", "3")
    ]  # 2 L rho (1 + |X^+| (1 + nu) L/(4 w)) = 0.02 (1 + 3 * 3 * 10/2)
    assert exact_estimates._slack(*numbers, [Decimal(4), Decimal("0.5")], Decimal(2)) == Decimal(
        "0.92"
    )


@pytest.mark.parametrize("kinks", [[(0, 99)], [(2, 0)], [(0, -1)], [(0, 1, 2)], [(0, 1.0)]])
def test_a_kink_that_is_none_is_named(kinks):
    inputs, _, B, c, *_ = fitted(ICA[1])
    refused("^active_kinks: got", B, c, kinks, inputs, ValueError)
