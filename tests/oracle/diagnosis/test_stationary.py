"""What an estimate maximises is named: estimates of J with a slip are made, by identities or by a fit, and handed
in."""

from __future__ import annotations

import collections
import functools
import math
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize

import nce_ref as nr
from nce_ref.oracle import Convention, check, judge_estimates
from nce_ref.oracle.diagnosis.stationary import _largest, _suspects
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.vectors import cases

LAPLACE, GAUSSIAN = "laplace_ica_nce_estimate", "gaussian_nce_estimate"
HALF_2PI, LOG_2 = 0.5 * math.log(2 * math.pi), math.log(2.0)


def log_nu(inputs):
    return math.log(len(inputs["y"]) / len(inputs["x"]))


def half_log_det(matrix):
    return 0.5 * float(np.linalg.slogdet(matrix)[1])


@functools.cache
def noise_averaged(vector):
    """The maximum of J with the noise term averaged: every data point n_noise times, every noise point n_data times,
    one nu."""
    x, y = vector.inputs["x"], vector.inputs["y"]
    common = math.gcd(len(x), len(y))
    noise = nr.GaussianNoise(vector.inputs["noise_mean"], vector.inputs["noise_cov"])
    first = vector.objective.outputs[0].name
    model = nr.LaplaceICA(x.shape[1]) if first == "B" else nr.Gaussian(x.shape[1])
    start = model.pack(vector.expected[first].value, float(vector.expected["c"].value))
    fit = nr.fit_nce(
        model,
        noise,
        np.tile(x, (len(y) // common, 1)),
        np.tile(y, (len(x) // common, 1)),
        start=start,
    )
    matrix, c = model.unpack(fit.theta)
    return matrix, c + log_nu(vector.inputs)


@functools.cache
def noise_refitted(vector):
    """The maximum of J with the noise points' own mean and covariance for those that are given."""
    x, y = vector.inputs["x"], vector.inputs["y"]
    first = vector.objective.outputs[0].name
    model = nr.LaplaceICA(x.shape[1]) if first == "B" else nr.Gaussian(x.shape[1])
    noise = nr.GaussianNoise(y.mean(axis=0), np.atleast_2d(np.cov(y.T, bias=True)))
    start = model.pack(vector.expected[first].value, float(vector.expected["c"].value))
    return model.unpack(nr.fit_nce(model, noise, x, y, start=start).theta)


# What the maximum of J with the slip is, given the right one, by an identity or by a fit. B, or the precision, and c.
SLIPS = {
    "no-log-nu": lambda M, c, v: (M, c - log_nu(v.inputs)),
    "nu-sign": lambda M, c, v: (M, c - 2 * log_nu(v.inputs)),
    "gauss-no-2pi": lambda M, c, v: (M, c + len(M) * HALF_2PI),
    "gauss-no-logdet": lambda M, c, v: (M, c + half_log_det(v.inputs["noise_cov"])),
    "gauss-unnormalised": lambda M, c, v: (
        M,
        c + half_log_det(v.inputs["noise_cov"]) + len(M) * HALF_2PI,
    ),
    "gauss-logdet-sign": lambda M, c, v: (M, c + 2 * half_log_det(v.inputs["noise_cov"])),
    "c-per-dimension": lambda M, c, v: (M, c / len(M)),
    "noise-averaged": lambda M, c, v: noise_averaged(v),
    "noise-refitted": lambda M, c, v: noise_refitted(v),
}
OF_LAPLACE = {
    "laplace-scale": lambda M, c, v: (math.sqrt(2) * M, c),
    "laplace-scale-inverted": lambda M, c, v: (2 * M, c),
    "sources-transposed": lambda M, c, v: (M.T, c),
    "normalised-and-c": lambda M, c, v: (M, c - 2 * half_log_det(M) + 0.5 * len(M) * LOG_2),
    "logdet-B-in-model": lambda M, c, v: (M, c - 2 * half_log_det(M)),
    "laplace-constant-in-model": lambda M, c, v: (M, c + 0.5 * len(M) * LOG_2),
}
OF_GAUSSIAN = {
    "model-no-half": lambda M, c, v: (M / 2, c),
    "model-covariance": lambda M, c, v: (np.linalg.inv(M), c),
}
EVERY = [
    (name, id, slip)
    for name, own in ((LAPLACE, OF_LAPLACE), (GAUSSIAN, OF_GAUSSIAN))
    for id, slip in (SLIPS | own).items()
]


def checked(name, slip, turned=1.0, **words):
    """The report on what ``slip`` makes of the stored estimates."""
    first = cases(name)[0].objective.outputs[0].name

    def impl(x, y, noise_mean, noise_cov):
        vector = next(
            v
            for v in cases(name)
            if np.array_equal(v.inputs["x"], x) and len(v.inputs["y"]) == len(y)
        )
        matrix, c = slip(vector.expected[first].value, float(vector.expected["c"].value), vector)
        if first == "B":
            matrix = -matrix[::-1] if slip is not OF_LAPLACE["sources-transposed"] else matrix
        return {first: matrix, "c": turned * c}

    return check(impl, name, **words)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, id, slip", [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in EVERY]
)
def test_the_slip_is_named_alone(name, id, slip, dtype):
    report = checked(name, slip, dtype=dtype)
    said = report.diagnosis
    assert not report.ok
    if id == "c-per-dimension" and not any(len(v.inputs["noise_mean"]) > 1 for v in cases(name)):
        return
    # The data term times nu, sums kept, is nu times the objective with the noise averaged: one maximum.
    also = ["pos-weight"] if id == "noise-averaged" else []
    assert (said.best.kind, said.best.id) == ("mistake", id), said
    assert [other.id for other in said.ambiguous] == also
    assert (
        said.best.matches == said.best.of == len(report.failed) and "no slope" in said.best.evidence
    )
    assert said.best.id in str(report)


@pytest.mark.parametrize("name", [LAPLACE, GAUSSIAN])
def test_c_of_the_other_sign(name):
    said = checked(name, lambda M, c, v: (M, c), turned=-1.0).diagnosis
    assert (said.best.kind, said.best.remedy) == (
        "convention",
        f"convention={Convention(c_sign='subtracted')}",
    )
    said = checked(
        name, lambda M, c, v: (M, c), convention=Convention(c_sign="subtracted")
    ).diagnosis
    assert said.best.id == "c_sign=added"
    said = checked(name, SLIPS["no-log-nu"], turned=-1.0).diagnosis
    assert (said.best.id, said.ambiguous) == ("no-log-nu", ()) and "subtracted" in said.best.remedy
    said = checked(
        name, SLIPS["no-log-nu"], turned=-1.0, convention=Convention(c_sign="subtracted")
    ).diagnosis
    assert (said.best.id, said.ambiguous, said.best.remedy) == ("no-log-nu", (), "")


@pytest.mark.parametrize("name", [LAPLACE, GAUSSIAN])
def test_what_is_no_maximum_of_anything_known_has_no_name(name, monkeypatch):
    """A fit that has not converged, however near it came, and one that is far off: never a suspect."""
    # Where a climb from there would end, half of the time, only changes the judge's words.
    monkeypatch.setattr(judge_estimates, "_elsewhere", lambda *_: (False, "moved"))
    rng = np.random.default_rng(5)

    def moved(size, move, step):
        return lambda M, c, v: (M + size * (move + move.T)[: len(M), : len(M)], c + size * step)

    for size in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
        for _ in range(5):
            said = checked(
                name, moved(size, rng.standard_normal((4, 4)), rng.standard_normal())
            ).diagnosis
            assert said.best is None, (size, said.best)


def test_a_local_maximum_of_the_right_j_has_no_name():
    """The second best maxima, which the certificates keep: it is the right J that has no slope there."""

    def second(M, c, v):
        maximum = v.certificate["maxima"][min(1, len(v.certificate["maxima"]) - 1)]
        return np.array(maximum["B"], dtype=float), float(maximum["c"])

    report = checked(LAPLACE, second)
    assert len(report.failed) >= 3 and report.diagnosis.best is None


@pytest.mark.parametrize(
    "matrix", [np.full((2, 2), np.nan), np.zeros((2, 2)), np.full((2, 2), 1e200)]
)
def test_nonsense_is_no_exception(matrix):
    report = checked(LAPLACE, lambda M, c, v: (np.resize(matrix, M.shape), c))
    assert len(report.failed) == 7 and report.diagnosis.best is None
    without_c = check(lambda x, y, noise_mean, noise_cov: {"B": np.eye(x.shape[1])}, LAPLACE)
    assert without_c.failed and without_c.diagnosis.best is None


def fitted(id, x, y, noise_mean, noise_cov):
    """The maximum of J with a slip, by BFGS from the same start as anybody's; whatever that returns."""
    n = x.shape[1]

    def loss(theta):
        half = theta[:-1].reshape(n, n)
        at = {"precision": (half + half.T) / 2, "c": float(theta[-1])}
        got = CATALOGUE[id].evaluate(
            "gaussian_nce", {**at, "x": x, "y": y, "noise_mean": noise_mean, "noise_cov": noise_cov}
        )
        return -float(got["value"]), -np.append(np.ravel(got["grad_precision"]), got["grad_c"])

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theta = minimize(
            loss, np.append(np.eye(n), 0.0), jac=True, method="BFGS", options={"gtol": 1e-8}
        ).x
    half = theta[:-1].reshape(n, n)
    return {"precision": (half + half.T) / 2, "c": float(theta[-1])}


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_c_tied_is_named_whatever_c_is_reported(moved):
    """The normalised model's maximum, with c = -ln Z or another number beside it."""

    def impl(**inputs):
        precision = fitted("c-tied", **inputs)["precision"]
        return {
            "precision": precision,
            "c": moved + half_log_det(precision) - len(precision) * HALF_2PI,
        }

    said = check(impl, GAUSSIAN).diagnosis
    assert (said.best.id, said.ambiguous) == ("c-tied", ()), said


NO_MAXIMUM = set(
    """c-data-only double-sigmoid gauss-2pi-points hinge-loss linear-loss logits-standardised model-centred
    model-no-axis no-log noise-mean-data-only noise-mean-noise-only noise-non-saturating noise-sign
    noise-term-subtracted one-minus-log ratios-standardised sum-truncated""".split()
)


def test_real_fits_of_every_slip_of_the_smooth_model():
    """Those that fail are named or have no name; never another, but for slips that cannot be told apart by what they
    maximise."""
    counts = collections.Counter()
    unnamed = set()
    # A penalty of another weight than the known ones moves the maximum by what no list has.
    penalties = {"penalty-logits", "penalty-logits-means", "weight-decay"}
    for id in set(_suspects("gaussian_nce")[0]) - penalties:
        report = check(functools.partial(fitted, id), GAUSSIAN)
        names = [suspect.id for suspect in report.diagnosis.suspects]
        assert not names or id in names, (id, names)
        if not report.ok and not names:
            unnamed.add(id)
        counts[
            "passes"
            if report.ok
            else "named"
            if names == [id]
            else "among others"
            if names
            else "no name"
        ] += 1
    # On two data sets these have no maximum, or one beside the right one, or, a truncated sum, a value in steps.
    assert counts["named"] >= 70 and unnamed <= NO_MAXIMUM, (counts, unnamed - NO_MAXIMUM)


class Sloped:
    """An estimate at which every suspect's J has the same slope, in standard errors."""

    def __init__(self, *slope):
        self.found = np.array(slope)

    def slope(self, evaluate):
        return self.found


def test_a_suspect_is_still_where_its_slope_is_a_twentieth_of_the_right_ones():
    """0.04 beside 0.81 is still, beside 0.79 it is not; where the estimate did not move, 0.05 is the limit whatever
    the right slope."""
    place, nothing = Sloped(0.0, 0.04), np.zeros(0)
    assert _largest(None, [place], [np.array([0.81, 0.0])]) == 0.04
    assert _largest(None, [place], [np.array([0.79, 0.0])]) == np.inf
    moved = [Sloped(0.0, 0.001), np.array([1.0, 0.0])]
    for size, want in ((0.049, 0.049), (0.051, np.inf)):
        assert _largest(None, [moved[0], Sloped(size, 0.0)], [moved[1], nothing]) == want
    # One in four may be an end that came early, above 0.05 and yet a twentieth; two of four are too many.
    early, right = Sloped(0.0, 0.2), np.array([5.0, 0.0])
    for count, want in ((1, 0.2), (2, np.inf)):
        places = [early] * count + [place] * (4 - count)
        assert _largest(None, places, [right] * 4) == want
    # A small multiple of the right slope is the right J's, and says nothing.
    assert _largest(None, [Sloped(0.04, 0.0)], [np.array([1.0, 0.0])]) == np.inf
