"""Losses with names of their own, or none, by declaration; what cannot be followed is refused in words."""

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.arguments import read_arguments

NAME = "nce_from_log_ratios"
OURS = ["log_ratio_data", "log_ratio_noise", "nu"]


def value(log_ratio_data, log_ratio_noise, nu):
    d, n = log_ratio_data - np.log(nu), log_ratio_noise - np.log(nu)
    zero = np.zeros_like
    return -(np.logaddexp(zero(d), -d).sum() + np.logaddexp(zero(n), n).sum()) / len(d)


def own(pos, neg, k):
    return value(pos, neg, k)


def positional(pos, neg, k, /):
    return value(pos, neg, k)


def starred(*arguments):
    return value(*arguments)


def without_nu(pos, neg):
    return value(pos, neg, len(neg) / len(pos))


def reordered(k, neg, /, log_ratio_data):
    return value(log_ratio_data, neg, k)


RIGHT = [
    (own, {"pos": OURS[0], "neg": OURS[1], "k": "nu"}),
    (own, OURS),
    (positional, OURS),
    (starred, tuple(OURS)),
    (without_nu, {"pos": OURS[0], "neg": OURS[1]}),
    (without_nu, OURS[:2]),
    (reordered, {0: "nu", 1: OURS[1]}),
    (value, {}),
]


@pytest.mark.parametrize(("impl", "arguments"), RIGHT)
def test_a_declaration_is_followed(impl, arguments):
    report = oracle.check(impl, NAME, arguments=arguments)
    assert report.ok and report.name == impl.__qualname__, str(report)
    inputs = oracle.cases(NAME)[4].inputs
    assert oracle.compare(impl, NAME, inputs, arguments=arguments).ok
    rng = np.random.default_rng(0)
    assert oracle.search(impl, NAME, n_draws=3, rng=rng, arguments=arguments).ok


def test_a_wrong_declaration_fails_by_the_numbers():
    swapped = {"pos": OURS[1], "neg": OURS[0], "k": "nu"}
    report = oracle.check(own, NAME, arguments=swapped)
    assert report.failed and not any(result.status == "errored" for result in report.results)


@pytest.mark.parametrize(
    ("impl", "arguments", "said"),
    [
        (own, {"poss": OURS[0]}, "got 'poss', which it does not take by name; .*mean 'pos'"),
        (
            own,
            {"pos": "log_ratio"},
            "got 'log_ratio' for 'pos'; expected some of .*mean 'log_ratio_",
        ),
        (own, {"pos": "nu", "neg": "nu"}, "got 'nu' twice"),
        (own, {1: "nu"}, "got the positions 1; expected 0, 1, 2"),
        (own, {True: "nu"}, "got the key True"),
        (own, "nu", "got 'nu'; expected a dict"),
        (own, 3, "got 3; expected a dict"),
        (positional, {"pos": OURS[0]}, "got 'pos', which it does not take by name; it takes none"),
    ],
)
def test_what_cannot_be_followed_is_refused(impl, arguments, said):
    with pytest.raises(ValueError, match=f"arguments: {said}"):
        oracle.check(impl, NAME, arguments=arguments)


def test_the_line_to_type_is_printed_and_right():
    report = oracle.check(own, NAME)
    assert report.failed and "raised TypeError" in str(report)
    typed = report.note[report.note.index("oracle.check(") :].rstrip(".")
    assert eval(typed, {"oracle": oracle, "impl": own}).ok
    assert oracle.check(lambda **inputs: value(**inputs), NAME).note == ""


def test_the_command_lines_words():
    assert read_arguments("a=nu, b=log_ratio_data") == {"a": "nu", "b": "log_ratio_data"}
    assert read_arguments("log_ratio_data,nu") == ["log_ratio_data", "nu"]
    assert read_arguments("0=nu,b=log_ratio_data") == {0: "nu", "b": "log_ratio_data"}
    with pytest.raises(ValueError, match="got 'nu'; expected NAME=OURS"):
        read_arguments("a=log_ratio_data,nu")


def test_what_follows_from_the_sizes_may_be_left_out_undeclared():
    """Losses of equal samples know no nu; one that wants something else under another name is not called."""

    def equal(log_ratio_data, log_ratio_noise):
        return -(np.logaddexp(0, -log_ratio_data) + np.logaddexp(0, log_ratio_noise)).mean()

    def by_k(log_ratio_data, log_ratio_noise, k):
        return -(np.logaddexp(0, -log_ratio_data) + np.logaddexp(0, log_ratio_noise)).mean()

    assert oracle.check(equal, "nce_from_log_ratios", layout="equal").ok
    refused = oracle.check(by_k, "nce_from_log_ratios", layout="equal")
    assert {result.status for result in refused.results} == {"errored"}
