"""Types of 16 bits: rounded as they should be, judged by their own eps, told where they were not declared."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.check import check
from nce_ref.oracle.dtypes import FORMATS, HALVES, declared, is_on_grid, rounded, ulp
from nce_ref.oracle.halves import in_type, unseen
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at
from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.vectors import cases

IN_HALVES = [name for name, objective in EVERY.items() if objective.has_halves]
NCE = [name for name in IN_HALVES if "nce_from_log_ratios" in name or "binary_nce" in name]
# What mistakes.md lists and an objective of log-ratios or log-densities shows whatever the arithmetic.
STRUCTURAL = """no-log-nu nu-sign noise-averaged no-log-pn-noise no-log-pn-data no-log-pn-everywhere noise-sign
    labels-swapped mean-of-means""".split()


def bits_of_bfloat16(x):
    """By the bits of float32, as hardware rounds: another way than ``rounded``."""
    with np.errstate(over="ignore"):
        single = np.asarray(x, np.float32)
    bits = single.view(np.uint32).astype(np.uint64)
    nearest = (
        (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(np.uint32).view(np.float32)
    )
    return np.where(np.isfinite(single), nearest, single).astype(np.float64)


NUMBERS = (
    np.concatenate(
        [
            np.random.default_rng(0).normal(size=2000)
            * 10.0 ** np.random.default_rng(1).integers(-45, 39, 2000),
            np.ldexp(1.0 + np.arange(64) / 512.0, 3),  # ties
            [
                0.0,
                1.0,
                -1.0,
                3.38e38,
                3.4e38,
                65504.0,
                65519.0,
                65520.0,
                6e-8,
                3e-8,
                2.9e-8,
                1e-39,
                np.inf,
            ],
        ]
    )
    .astype(np.float32)
    .astype(np.float64)
)


def test_rounding_is_that_of_the_bits():
    assert np.array_equal(rounded(NUMBERS, "bfloat16"), bits_of_bfloat16(NUMBERS))
    with np.errstate(over="ignore"):
        half = NUMBERS.astype(np.float16).astype(np.float64)
    assert np.array_equal(rounded(NUMBERS, "float16"), half)
    assert np.array_equal(rounded(NUMBERS, "float32"), NUMBERS)
    for dtype in HALVES:
        assert (
            is_on_grid(rounded(NUMBERS, dtype), dtype).all()
            and not is_on_grid(NUMBERS, dtype).all()
        )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_formats_are_numpys(dtype):
    info, form = np.finfo(dtype), FORMATS[dtype]
    assert (form.eps, form.tiny, form.largest) == (info.eps, info.tiny, info.max)
    for size in (1.0, 3.7, 1e-3, 1000.0):
        assert ulp(size, dtype) == float(np.spacing(np.dtype(dtype).type(size)))


# --- right forms, every operation rounded as a kernel in 16 bits rounds it
# -----------------------------------------------------


def right_in(dtype, data, noise, name):
    """sigma and ln sigma on the type's grid after every operation; sums are kept in float32, as kernels keep them."""
    r = lambda x: rounded(x, dtype)  # noqa: E731

    def softplus(t):
        return r(np.maximum(t, 0) + r(np.log1p(r(np.exp(r(-np.abs(t)))))))

    def sigma(t):
        return r(1 / r(1 + r(np.exp(-np.clip(t, -80, 80)))))

    def loss(nu, **given):
        if len(data) == 2:
            d, e = (
                r(given[data[0]] - 0.0 - given[data[1]]),
                r(given[noise[0]] - 0.0 - given[noise[1]]),
            )
        else:
            d, e = given[data[0]], given[noise[0]]
        log_nu = r(np.log(nu))
        t, s, n = r(d - log_nu), r(e - log_nu), len(d)
        return {
            "value": r(r(-softplus(-t).sum() / n) + r(-softplus(s).sum() / n)),
            f"grad_{name}_data": r(sigma(-t) / n),
            f"grad_{name}_noise": r(-sigma(s) / n),
        }

    return loss


def forms(dtype):
    return {
        "nce_from_log_ratios": right_in(
            dtype, ["log_ratio_data"], ["log_ratio_noise"], "log_ratio"
        ),
        "binary_nce": right_in(
            dtype,
            ["log_model_data", "log_noise_data"],
            ["log_model_noise", "log_noise_noise"],
            "log_model",
        ),
    }


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", ["nce_from_log_ratios", "binary_nce"])
@pytest.mark.parametrize("layout", ["flat", "rows", "shared", "equal"])
def test_right_losses_pass_in_their_type_and_are_told_elsewhere(name, layout, dtype):
    loss = forms(dtype)[name]
    report = check(loss, name, dtype, layout=layout)
    assert report.ok, str(report)
    for other in ("float32", "float64"):
        report = check(loss, name, other, layout=layout)
        best = report.diagnosis.best
        assert not report.ok and best.id == dtype, str(report)
        assert f'dtype="{dtype}"' in best.remedy
        assert "different functions" not in str(report)


@pytest.mark.parametrize("name", IN_HALVES)
@pytest.mark.parametrize("dtype", HALVES)
def test_the_right_steps_pass(name, dtype):
    objective = EVERY[name]

    def right(**inputs):
        assert {str(v.dtype) for v in inputs.values() if np.ndim(v)} == {FORMATS[dtype].storage}
        wide = {k: v.astype(np.float64) if np.ndim(v) else v for k, v in inputs.items()}
        found = objective.evaluate(objective.right, wide)
        return {output: rounded(value, dtype) for output, value in found.items()}

    report = check(right, name, dtype)
    assert not report.failed, str(report)
    assert sum(r.status == "passed" for r in report.results) >= len(report.results) / 2


def test_a_value_in_float32_of_a_loss_in_bfloat16_is_told():
    """Automatic mixed precision: the value is float32's, the derivatives have passed through bfloat16."""
    exact = EVERY["nce_from_log_ratios"]

    def autocast(**inputs):
        low = {k: rounded(v, "bfloat16") if np.ndim(v) else v for k, v in inputs.items()}
        found = exact.evaluate(exact.right, low)
        return {
            k: np.float32(v) if k == "value" else rounded(v, "bfloat16") for k, v in found.items()
        }

    report = check(autocast, exact.name, "float32")
    assert not report.ok and report.diagnosis.best.id == "bfloat16"
    assert len(report.diagnosis.suspects) == 1 and not report.diagnosis.hints


def test_a_wrong_loss_in_bfloat16_is_named_and_never_told_right():
    mistake = CATALOGUE["no-log-nu"]

    def wrong(**inputs):
        found = mistake.evaluate(
            "nce_from_log_ratios",
            {k: rounded(v, "bfloat16") if np.ndim(v) else v for k, v in inputs.items()},
        )
        return {k: rounded(v, "bfloat16") for k, v in found.items()}

    for dtype in ("float32", "bfloat16"):
        report = check(wrong, "nce_from_log_ratios", dtype)
        assert not report.ok and report.diagnosis.best.id == "no-log-nu", str(report)
        assert "different functions" not in str(report)
    assert "is wrong there, too" in str(check(wrong, "nce_from_log_ratios").diagnosis.hints)


def test_right_losses_in_float32_are_not_taken_for_16_bits():
    from tests.oracle.families.nce.right_layouts import KNOWN

    for (name, _), loss in KNOWN.items():
        base, layout = name.split("/")
        assert check(loss, base, "float32", layout=layout).diagnosis.best is None


@pytest.mark.parametrize("name", NCE)
@pytest.mark.parametrize("dtype", HALVES)
def test_structural_mistakes_are_seen(name, dtype):
    made = {m.id for m in mistakes_at(name)} & set(STRUCTURAL)
    assert made and not made & set(unseen(name, dtype))
    mistake = CATALOGUE[sorted(made)[0]]

    def wrong(**inputs):
        wide = {k: v.astype(np.float64) if np.ndim(v) else v for k, v in inputs.items()}
        return {k: rounded(v, dtype) for k, v in mistake.evaluate(name, wide).items()}

    report = check(wrong, name, dtype)
    assert report.failed and not report.ok


def test_the_report_says_what_cannot_be_seen_and_what_is_skipped():
    report = check(lambda **inputs: 0.0, "binary_nce", "float16", layout="masked")
    said = str(report)
    left = sum(in_type(vector, "float16") is None for vector in cases("binary_nce/masked"))
    assert (
        f"{left} of {len(cases('binary_nce/masked'))} vectors leave its range" in said or left == 0
    )
    blind = unseen("nce_from_log_ratios", "bfloat16")
    said = str(check(lambda **inputs: 0.0, "nce_from_log_ratios", "bfloat16"))
    assert blind and f"{len(blind)} of the " in said and blind[0] in said


def test_vectors_beyond_the_range_are_skipped_and_counted():
    beyond = [v for v in cases("log_sigmoid") if np.abs(v.inputs["t"]).max() > 65504]
    if not beyond:
        pytest.skip("no vector is beyond float16's range")
    report = check(
        lambda t: {"value": -np.logaddexp(0, -t.astype(float))}, "log_sigmoid", "float16"
    )
    skipped = [r for r in report.results if "leaves the range of float16" in r.message]
    assert {v.id for v in beyond} <= {r.id for r in skipped}
    assert f"{len(skipped)} of {len(report.results)} vectors leave its range" in str(report)


@pytest.mark.parametrize("dtype", HALVES)
def test_elsewhere_it_is_refused_with_the_reason(dtype):
    for name in (
        "info_nce",
        "gaussian_log_density",
        "laplace_ica_nce",
        "asymptotic_covariance",
        "gaussian_nce_estimate",
    ):
        with pytest.raises(ValueError, match="NumPy has no float16 linear algebra"):
            check(lambda **inputs: None, name, dtype)
    with pytest.raises(
        ValueError, match="dtype: got 'int8'; expected one of float32, float64, bfloat16, float16"
    ):
        check(lambda **inputs: None, "binary_nce", "int8")


def test_own_batches_search_and_truth():
    rng = np.random.default_rng(2)
    inputs = {
        "log_ratio_data": rng.normal(size=4),
        "log_ratio_noise": rng.normal(size=8),
        "nu": 2.0,
    }
    for dtype in HALVES:
        loss = forms(dtype)["nce_from_log_ratios"]
        assert oracle.compare(loss, "nce_from_log_ratios", inputs, dtype).ok
        found = oracle.search(loss, "nce_from_log_ratios", n_draws=30, rng=rng, dtype=dtype)
        assert not found.n_failed, str(found)
        allowed = oracle.truth("nce_from_log_ratios", **inputs).allowance(dtype)["value"]
        assert allowed > oracle.truth("nce_from_log_ratios", **inputs).allowance("float32")["value"]


def test_the_declared_type_ends_with_the_call():
    from nce_ref.oracle.dtypes import DECLARED

    seen = []
    check(lambda **inputs: seen.append(DECLARED.get()), "log_sigmoid", "bfloat16")
    assert set(seen) == {"bfloat16"} and DECLARED.get() == ""
    with declared("float16"):
        assert DECLARED.get() == "float16"


@pytest.mark.parametrize("dtype", HALVES)
def test_the_truth_is_that_of_the_rounded_inputs(dtype):
    """Not that of the stored ones, which is another number."""
    moved = 0
    for vector in cases("binary_nce/rows"):
        typed = in_type(vector, dtype)
        given = {
            name: rounded(value, dtype) if np.ndim(value) else value
            for name, value in vector.inputs.items()
        }
        want = oracle.truth("binary_nce/rows", **given)
        for name, expected in typed.expected.items():
            assert np.array_equal(expected.value, want[name])
            moved += not np.array_equal(expected.value, vector.expected[name].value)
    assert moved
