"""Choices beside sense and reduction: declared they pass, undeclared the report prints the words, and mistakes are
named under them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.families.choices import turned, turned_back
from nce_ref.oracle.objectives import OBJECTIVES
from tests.oracle.families.ranking.test_embeddings import pytorch_style
from tests.oracle.families.views import right_views


def scaled(found, factor):
    return {name: factor * value for name, value in found.items()}


def by(found, name, slope):
    return {**found, f"grad_{name}": found[f"grad_{name}"] * slope}


def inverse_nt_xent(views, temperature):
    found = right_views.nt_xent(views, 1 / temperature)
    return by(found, "temperature", -1 / temperature**2)


def logarithmic_info_nce(anchors, positives, temperature):
    t = math.exp(-temperature)
    return by(pytorch_style(anchors, positives, t), "temperature", -t)


def interleaved_nt_xent(views, temperature):
    found = right_views.nt_xent(np.concatenate([views[::2], views[1::2]]), temperature)
    grad, half = np.empty_like(views), len(views) // 2
    grad[::2], grad[1::2] = found["grad_views"][:half], found["grad_views"][half:]
    return {**found, "grad_views": grad}


def interleaved_and_inverse(views, temperature):
    found = interleaved_nt_xent(views, 1 / temperature)
    return by(found, "temperature", -1 / temperature**2)


def clip_of_scale(images, texts, log_scale):
    found = right_views.clip(images, texts, math.log(log_scale) if log_scale > 0 else math.nan)
    return by(found, "log_scale", 1 / log_scale if log_scale else math.nan)


def clip_of_temperature(images, texts, log_scale):
    found = right_views.clip(images, texts, -math.log(log_scale) if log_scale > 0 else math.nan)
    return by(found, "log_scale", -1 / log_scale if log_scale else math.nan)


def clip_summed(images, texts, log_scale):
    return scaled(right_views.clip(images, texts, log_scale), 2)


def siglip_of_pairs(images, texts, log_scale, bias):
    return scaled(right_views.siglip(images, texts, log_scale, bias), 1 / len(images))


def nt_xent_of_examples(views, temperature):
    return scaled(right_views.nt_xent(views, temperature), 2)


def interleaved_shard(views, all_views, rank, temperature):
    def stacked(z):
        return np.concatenate([z[::2], z[1::2]])

    def back(z):
        return z.reshape(2, len(z) // 2, -1).transpose(1, 0, 2).reshape(z.shape)

    found = right_views.nt_xent_shard(stacked(views), stacked(all_views), rank, temperature)
    return {**found, **{name: back(found[name]) for name in ("grad_views", "grad_all_views")}}


FORMS = [
    ("nt_xent", inverse_nt_xent, ("inverse_temperature",)),
    ("info_nce_in_batch", logarithmic_info_nce, ("log_scale",)),
    ("nt_xent", interleaved_nt_xent, ("interleaved",)),
    ("nt_xent", interleaved_and_inverse, ("inverse_temperature", "interleaved")),
    ("clip", clip_of_scale, ("scale",)),
    ("clip", clip_of_temperature, ("temperature",)),
    ("clip", clip_summed, ("directions_summed",)),
    ("siglip", siglip_of_pairs, ("mean_of_pairs",)),
    ("nt_xent", nt_xent_of_examples, ("mean_of_examples",)),
    ("nt_xent_shard", interleaved_shard, ("interleaved",)),
]
forms = pytest.mark.parametrize(
    ("name", "impl", "words"), FORMS, ids=[impl.__name__ for _, impl, _ in FORMS]
)


@forms
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_declared_choice_passes(name, impl, words, dtype):
    declared = oracle.Convention(sense="minimise", choices=words)
    report = oracle.check(impl, name, dtype=dtype, convention=declared)
    assert report.ok, str(report)
    assert words[0] in str(report).splitlines()[0]
    assert report.to_dict()["convention"]["choices"] == list(words)


@forms
def test_what_was_not_declared_is_printed(name, impl, words):
    """From the value alone; clip_of_scale has no answer at a log-scale of 0 and below, where it takes it for a
    scale."""
    report = oracle.check(lambda **inputs: impl(**inputs)["value"], name)
    assert not report.ok
    printed = str(list(words)).replace("'", '"')
    assert f"choices={printed}" in str(report), str(report)


def test_a_slip_is_named_under_a_declared_choice():
    def impl(views, temperature):
        found = interleaved_nt_xent(views, temperature)
        return {name: value / math.log(2) for name, value in found.items()}

    declared = oracle.Convention(sense="minimise", choices=("interleaved",))
    best = oracle.check(impl, "nt_xent", convention=declared).diagnosis.best
    assert (best.id, best.remedy) == ("info-nce-in-bits", "")


def test_ones_own_inputs_are_taken_as_the_implementation_takes_them():
    rng = np.random.default_rng(0)
    views = rng.normal(size=(6, 3))
    declared = oracle.Convention(sense="minimise", choices=("inverse_temperature", "interleaved"))
    inputs = {"views": views, "temperature": 4.0}
    report = oracle.compare(interleaved_and_inverse, "nt_xent", inputs, convention=declared)
    assert report.ok, str(report)
    assert not oracle.compare(right_views.nt_xent, "nt_xent", inputs, convention=declared).ok


def test_words_that_are_none_are_refused():
    for words, said in (
        (("interleaved",), "choices: got 'interleaved'; clip has scale, temperature, directions"),
        (("scale", "temperature"), "expected one of a kind"),
    ):
        with pytest.raises(ValueError, match=said):
            oracle.check(
                right_views.clip, "clip", convention=oracle.Convention("minimise", choices=words)
            )
    with pytest.raises(ValueError, match="choices: got 'scale'; expected a tuple of words"):
        oracle.Convention(choices="scale")
    with pytest.raises(ValueError, match="choices: got 'scale'; binary_nce has none"):
        oracle.check(
            lambda **inputs: 0.0, "binary_nce", convention=oracle.Convention(choices=("scale",))
        )


CHOICES = [(name, choice) for name, one in OBJECTIVES.items() for choice in one.choices]


@pytest.mark.parametrize(("name", "choice"), CHOICES, ids=[f"{n}-{c.word}" for n, c in CHOICES])
def test_there_and_back_is_where_it_began(name, choice):
    vector = oracle.cases(name)[5]
    back = choice.ours(choice.theirs(vector.inputs))
    for argument, value in vector.inputs.items():
        assert np.allclose(back[argument], value, rtol=1e-14)
    for output, expected in vector.expected.items():
        there = turned((choice,), output, expected.value, vector.inputs)
        again = turned_back((choice,), output, there, vector.inputs)
        assert np.allclose(again, expected.value, rtol=1e-14)
