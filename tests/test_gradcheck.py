"""gradcheck.py: wrong gradients are planted and must be caught and named; misbehaving functions are reported."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref._ladder import EPS, Derivative
from nce_ref.gradcheck import (
    AGREES,
    DISAGREES,
    NOT_CHECKED,
    UNRESOLVED,
    _default_scale,
    _judge,
    check_gradient,
    check_jacobian,
    complex_step,
)
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise
from nce_ref.objectives.nce import NCEObjective
from tests.textbook_nce import SQRT2, Planted, TextbookNCE, real_only

# --- the textbook objective, right ----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_right_gradient_passes_on_every_path(seed):
    objective = TextbookNCE(seed=seed)
    by_complex_step = check_gradient(objective, objective.theta)
    by_difference = check_gradient(real_only(objective), objective.theta, kinks=objective.kinks)
    blind = check_gradient(real_only(objective), objective.theta)
    assert by_complex_step.ok and by_difference.ok and blind.ok, (
        f"{by_complex_step}\n{by_difference}\n{blind}"
    )
    assert {c.method for c in by_complex_step.coordinates} == {"complex step"}
    assert {c.method for c in by_difference.coordinates} == {"five-point difference"}


def test_complex_step_is_exact_to_rounding():
    # The longest sum has 125 terms of size |G|, |u| < 100 each a few eps off: 125 * 100 * 10 EPS per unit weight, over
    # n_data = 50.
    objective = TextbookNCE()
    assert (
        np.abs(
            complex_step(objective.value, objective.theta) - objective.gradient(objective.theta)
        ).max()
        <= 2500 * EPS
    )


# --- the textbook objective, wrong ----------------------------------------------------------------


def sign(objective, theta):
    return -objective.gradient(theta)


def missing_nu(objective, theta):
    nu, objective.nu = objective.nu, 1.0
    grad = objective.gradient(theta)
    objective.nu = nu
    return grad


def averaged_noise(objective, theta):
    x_only = TextbookNCE.gradient(objective, theta)
    weight = -objective.h(theta, objective.y)
    B = theta[:-1].reshape(objective.n, objective.n)
    block = -SQRT2 * np.einsum("t,ti,tj->ij", weight, np.sign(objective.y @ B.T), objective.y)
    noise = np.append(block.ravel(), weight.sum()) / len(objective.x)
    return x_only - noise + noise / objective.nu


def transposed_block(objective, theta):
    grad = objective.gradient(theta)
    return np.append(grad[:-1].reshape(objective.n, objective.n).T.ravel(), grad[-1])


def c_sign(objective, theta):
    grad = objective.gradient(theta)
    grad[-1] *= -1.0
    return grad


def laplace_scale(objective, theta):
    grad = objective.gradient(theta)
    grad[:-1] /= SQRT2
    return grad


def off_diagonal(n):
    return {i for i in range(n * n) if i // n != i % n}


@pytest.mark.parametrize("path", ["complex step", "five-point difference", "no kinks given"])
@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (sign, set(range(10))),
        (missing_nu, set(range(10))),
        (averaged_noise, set(range(10))),
        (transposed_block, off_diagonal(3)),
        (c_sign, {9}),
        (laplace_scale, set(range(9))),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_planted_formulas_are_caught_where_they_are_wrong(spoil, wrong, path, seed):
    fun = Planted(TextbookNCE(seed=seed), spoil)
    if path == "complex step":
        report = check_gradient(fun, fun.objective.theta)
    else:
        report = check_gradient(
            real_only(fun),
            fun.objective.theta,
            kinks=fun.kinks if path == "five-point difference" else None,
        )
    assert not report.ok
    assert set(report.indices(DISAGREES)) == wrong, str(report)


@pytest.mark.parametrize("coordinate", range(10))
@pytest.mark.parametrize("relative", [1e-5, -1e-5])
def test_one_coordinate_off_by_1e_5_is_caught_and_named(coordinate, relative):
    def spoil(objective, theta):
        grad = objective.gradient(theta)
        grad[coordinate] *= 1.0 + relative
        return grad

    fun = Planted(TextbookNCE(seed=coordinate), spoil)
    for report in (
        check_gradient(fun, fun.objective.theta),
        check_gradient(real_only(fun), fun.objective.theta, kinks=fun.kinks),
    ):
        assert report.indices(DISAGREES) == (coordinate,), str(report)
        assert f"theta[{coordinate}]: DISAGREES" in str(report)


def test_planted_mistakes_are_diagnosed():
    objective = TextbookNCE()
    assert "opposite sign" in str(check_gradient(Planted(objective, sign), objective.theta))
    half = check_gradient(Planted(objective, lambda o, t: 0.5 * o.gradient(t)), objective.theta)
    assert "0.5 times the numerical one" in str(half)
    assert "just those entries" in str(check_gradient(Planted(objective, c_sign), objective.theta))


# --- the package's own objective ------------------------------------------------------------------


def test_nce_objective_passes_with_its_own_kinks_and_its_plants_do_not():
    textbook = TextbookNCE(seed=4)
    noise = GaussianNoise(np.zeros(3), textbook.cov)
    objective = NCEObjective(LaplaceICA(3), noise, textbook.x, textbook.y)
    report = check_gradient(objective, textbook.theta)
    assert report.ok, str(report)
    assert any("cross a kink" in c.note for c in report.coordinates), (
        "the objective's kinks were not used"
    )

    without_nu = NCEObjective(LaplaceICA(3), noise, textbook.x, textbook.y, nu=1.0)

    def planted(wrong):
        fun = Planted(textbook, lambda _, theta: wrong(theta))
        return check_gradient(real_only(fun), textbook.theta, kinks=objective.kinks).indices(
            DISAGREES
        )

    def transposed(theta):
        grad = objective(theta)[1]
        return np.append(grad[:-1].reshape(3, 3).T.ravel(), grad[-1])

    assert set(planted(transposed)) == off_diagonal(3)
    assert set(planted(lambda theta: without_nu(theta)[1])) == set(range(10))
    assert planted(lambda theta: objective(theta)[1]) == ()


# --- functions that misbehave away from theta, and complex steps that lie
# ----------------------------------------------


def test_edge_of_the_domain_shortens_the_ladder():
    def raises(theta):
        if np.any(theta <= 0.0):
            raise ValueError("theta must be above 0")
        return np.log(theta).sum(), 1.0 / theta

    def is_nan(theta):
        return np.sqrt(theta - 0.999).sum(), 0.5 / np.sqrt(theta - 0.999)

    assert check_gradient(real_only(raises), [0.5, 1e-3], scale=[1.0, 1.0]).ok
    report = check_gradient(real_only(is_nan), [1.0, 2.0])
    assert report.ok and "nan" in report.coordinates[0].note


def test_function_that_fails_everywhere_else_is_not_checked():
    def fun(theta):
        return (float("nan") if theta[1] != 2.0 else theta[0]), np.array([1.0, 0.0])

    report = check_gradient(real_only(fun), [1.0, 2.0])
    assert [c.status for c in report.coordinates] == [
        AGREES,
        NOT_CHECKED,
    ] and "fun returned nan" in str(report)


def test_complex_step_that_drops_a_derivative_is_not_believed():
    # np.abs of a complex number is real: the complex value's real part agrees, its imaginary part misses a term.
    def fun(theta):
        grad = np.array([np.cos(theta[0]) * theta[1] + np.sign(theta[0]), np.sin(theta[0])])
        return np.sin(theta[0]) * theta[1] + np.abs(theta[0]), grad.real

    report = check_gradient(fun, [0.8, 1.3])
    assert report.ok, str(report)
    assert [c.method for c in report.coordinates] == ["five-point difference", "complex step"]


def test_complex_theta_cast_to_real_inside_falls_back():
    def fun(theta):
        buffer = np.empty(2)
        buffer[:] = theta  # ComplexWarning, and the derivative is gone
        return (buffer**3).sum() + 0.0 * theta[0], 3.0 * buffer**2

    report = check_gradient(fun, [0.8, 1.3])
    assert report.ok and {c.method for c in report.coordinates} == {"five-point difference"}
    with pytest.raises(
        ValueError, match=r"fun_value: no finite complex value for a complex theta\[0\]"
    ):
        complex_step(lambda t: fun(t)[0], [0.8, 1.3])


# --- the tolerance: rtol max(|grad|, |numeric|) + 10 errors
# ------------------------------------------------------------


def judged(grad, error, imaginary=None, rtol=1e-9, resolution=1e-5):
    """The verdict where the difference is 2 with this estimated error, on a function of size 1 along a coordinate of
    size 1."""
    found = Derivative(2.0, error, 1e-3, 0.05, 1.0, "", False)
    return _judge("theta[0]", grad, found, imaginary, 1.0, rtol, resolution)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_difference_counts_beyond_ten_estimated_errors(side):
    error = 1e-7
    for times, status in ((9.9, AGREES), (10.1, DISAGREES)):
        found = judged(2.0 + side * times * error, error, rtol=1e-12)
        assert found.status == status and found.tolerance == pytest.approx(1e-6, rel=1e-5)
        assert found.ratio == pytest.approx(times / 10.0, rel=1e-4)
    # And beyond rtol of the larger number, where the difference is exact.
    for times, status in ((0.99, AGREES), (1.01, DISAGREES)):
        assert judged(2.0 + side * times * 2e-6, 0.0, rtol=1e-6).status == status
    # The larger of the two: 1.11 and 1 are within a tenth of 1.11, not of 1. 1.12 and 1 are not.
    for grad, status in ((1.11, AGREES), (1.12, DISAGREES)):
        for a, b in ((grad, 1.0), (1.0, grad)):
            found = Derivative(b, 0.0, 1e-3, 0.05, 1.0, "", False)
            assert _judge("theta[0]", a, found, None, 1.0, 0.1, 1.0).status == status
    # Turned in sign, everything stays as it is.
    turned = Derivative(-2.0, error, 1e-3, 0.05, 1.0, "", False)
    for times, status in ((9.9, AGREES), (10.1, DISAGREES)):
        grad = -2.0 + side * times * error
        assert _judge("theta[0]", grad, turned, None, 1.0, 1e-12, 1e-5).status == status


def test_what_eleven_errors_hide_is_unresolved():
    """Ten errors of tolerance, and one of the difference: 11 e against a relative error of 1e-5 in 2."""
    for error, status in ((1.81e-6, AGREES), (1.83e-6, UNRESOLVED)):
        assert judged(2.0, error, rtol=1e-12).status == status
        assert judged(2.0 + 30.0 * error, error, rtol=1e-12).status == DISAGREES
    # Near a derivative of 0 it is what a difference can reach at best that counts, 100 (eps^0.8 + eps/0.05) here.
    floor = 100.0 * (EPS**0.8 + EPS / 0.05)
    for share, status in ((0.99, AGREES), (1.01, UNRESOLVED)):
        found = Derivative(0.0, share * floor / 11.0, 1e-3, 0.05, 1.0, "", False)
        assert _judge("theta[0]", 0.0, found, None, 1.0, 1e-12, 1e-5).status == status


def test_a_complex_step_is_believed_within_ten_errors_of_the_difference():
    error = 1e-8
    for times, method in ((9.9, "complex step"), (10.1, "five-point difference")):
        for side in (1.0, -1.0):
            found = judged(2.0, error, imaginary=2.0 + side * times * error, rtol=1e-12)
            assert found.method == method
    # The difference too coarse to tell: it may acquit the gradient by the complex step, and not convict one.
    assert judged(2.0 + 1e-6, 1e-5, imaginary=2.0 + 1e-6).status == AGREES
    zero = Derivative(0.0, 1e-5, 1e-3, 0.05, 1.0, "", False)
    assert _judge("theta[0]", 0.0, zero, 0.0, 1.0, 1e-12, 1e-5).status == AGREES
    coarse = judged(2.0 + 2e-6, 1e-5, imaginary=2.0 + 1e-6)
    assert (coarse.status, coarse.method) == (UNRESOLVED, "five-point difference")


def test_the_default_scale():
    """max(|theta_i|, min(1, |value/grad_i|)), of several values the least; 1 where all of that is 0."""
    theta = np.array([0.0, 0.25, -3.0, 0.0, 0.0, 1e-3])
    gradient = np.array([[4.0, 4.0, 4.0, 0.5, 0.0, -8.0]])
    got = _default_scale(theta, np.array([-2.0]), gradient)
    np.testing.assert_array_equal(got, [0.5, 0.5, 3.0, 1.0, 1.0, 0.25])
    two = _default_scale(theta, np.array([-2.0, 1.0]), np.vstack([gradient, gradient]))
    np.testing.assert_array_equal(two, [0.25, 0.25, 3.0, 1.0, 1.0, 0.125])
    none = _default_scale(theta, np.array([0.0]), gradient)
    np.testing.assert_array_equal(none, [1.0, 0.25, 3.0, 1.0, 1.0, 1e-3])


# --- Jacobians ------------------------------------------------------------------------------------


def test_jacobian_right_and_with_one_entry_off():
    W = np.random.default_rng(14).standard_normal((4, 3))
    theta = np.array([0.3, -2.0, 50.0])

    def fun(t, spoil=0.0):
        z = W @ (t / [1.0, 1.0, 50.0])
        jacobian = np.cos(z)[:, None] * W / [1.0, 1.0, 50.0]
        jacobian[2, 1] *= 1.0 + spoil
        return np.sin(z), jacobian

    assert check_jacobian(real_only(fun), theta).ok
    report = check_jacobian(real_only(lambda t: fun(t, 1e-5)), theta)
    assert report.indices(DISAGREES) == (7,) and "value[2], theta[1]: DISAGREES" in str(report)
    with pytest.raises(
        ValueError, match=r"fun\(theta\)\[1\]: got shape \(3, 4\); expected shape \(4, 3\)"
    ):
        check_jacobian(lambda t: (fun(t)[0], fun(t)[1].T), theta)


# --- bad input ------------------------------------------------------------------------------------


def quadratic(theta):
    return float(theta @ theta), 2.0 * theta


def raising(theta):
    raise RuntimeError("no data")


@pytest.mark.parametrize(
    ("fun", "theta", "options", "complaint"),
    [
        (quadratic, [[1.0]], {}, r"theta: got shape \(1, 1\)"),
        (quadratic, [1.0, np.nan], {}, r"theta: entry \(1,\) is nan"),
        (lambda t: (np.nan, t), [1.0], {}, r"fun\(theta\)\[0\]: entry"),
        (lambda t: (np.ones(2), t), [1.0], {}, r"fun\(theta\)\[0\]: got shape \(2,\)"),
        (
            lambda t: (1.0, np.array([0.0, np.inf])),
            [1.0, 2.0],
            {},
            r"fun\(theta\)\[1\]: entry \(1,\) is inf",
        ),
        (
            lambda t: (1.0, np.ones(3)),
            [1.0, 2.0],
            {},
            r"fun\(theta\)\[1\]: got shape \(3,\); expected shape \(2,\)",
        ),
        (lambda t: 1.0, [1.0], {}, "fun: returned float; expected a tuple"),
        (raising, [1.0], {}, "fun: raised RuntimeError at theta .no data."),
        (quadratic, [1.0], {"rtol": 0.0}, "rtol: got 0.0"),
        (quadratic, [1.0], {"resolution": np.nan}, "resolution: got nan"),
        (quadratic, [1.0], {"scale": [-1.0]}, "scale: entry 0 is -1.0"),
        (quadratic, [1.0], {"scale": [1.0, 1.0]}, r"scale: got shape \(2,\)"),
        (quadratic, [1.0], {"kinks": np.ones(1)}, "kinks: got ndarray; expected a function"),
        (quadratic, [1.0], {"kinks": lambda t: t * np.inf}, "kinks: kinks.theta. has NaN or inf"),
    ],
)
def test_bad_input_is_named(fun, theta, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_gradient(fun, theta, **options)


def test_theta_and_a_reused_gradient_buffer_are_left_alone():
    buffer, theta = np.empty(3), np.array([1.0, 2.0, 3.0])

    def fun(point):
        buffer[:] = 2.0 * point
        value = float(point @ point)
        point[:] = 0.0
        return value, buffer

    assert check_gradient(real_only(fun), theta).ok
    np.testing.assert_array_equal(theta, [1.0, 2.0, 3.0])
