"""CLIP, SigLIP, NT-Xent, SupCon and their shards: right forms, values by hand, the definition in decimals, slips
named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.families.views import exact
from nce_ref.oracle.families.views.objectives import FAMILY
from nce_ref.oracle.mistakes import find_mistake
from nce_ref.oracle.objectives import OBJECTIVES
from tests.oracle.families.plain_decimals import check, cosine, mean, row_loss, softplus
from tests.oracle.families.views import right_views
from tests.oracle.families.views.right_views import FORMS

NAMES = [objective.name for objective in FAMILY.objectives]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "form"), FORMS, ids=[form.__name__ for _, form in FORMS])
def test_right_forms_pass(name, form, dtype):
    report = oracle.check(form, name, dtype=dtype)
    assert report.ok, str(report)


def test_every_objective_has_a_right_form():
    assert {name for name, _ in FORMS} == set(NAMES)


# --- the numbers ----------------------------------------------------------------------------------


def clip(images, texts, log_scale, all_images=None, all_texts=None, rank=0):
    U, V = (images, texts) if all_images is None else (all_images, all_texts)
    first, kappa = int(rank) * len(images), log_scale.exp()

    def rows(anchors, keys):
        return mean(
            row_loss(
                kappa * cosine(a, keys[first + i]),
                [kappa * cosine(a, k) for j, k in enumerate(keys) if j != first + i],
            )
            for i, a in enumerate(anchors)
        )

    return (rows(images, V) + rows(texts, U)) / 2


def siglip(images, log_scale, bias, texts=None, all_texts=None, rank=0):
    keys, first = texts or all_texts, int(rank) * len(images)
    return mean(
        sum(
            softplus((-1 if j == first + i else 1) * (log_scale.exp() * cosine(a, k) + bias))
            for j, k in enumerate(keys)
        )
        for i, a in enumerate(images)
    )


def nt_xent(views, temperature, all_views=None, rank=0):
    m, every = len(views) // 2, all_views or views
    n, first = len(every) // 2, int(rank) * m

    def loss(a, own, partner):
        others = [
            cosine(a, k) / temperature for j, k in enumerate(every) if j not in (own, partner)
        ]
        return row_loss(cosine(a, every[partner]) / temperature, others)

    return mean(
        [
            *(loss(a, first + i, n + first + i) for i, a in enumerate(views[:m])),
            *(loss(a, n + first + i, first + i) for i, a in enumerate(views[m:])),
        ]
    )


def sup_con(embeddings, labels, temperature, all_embeddings=None, all_labels=None, rank=0):
    every, kinds = all_embeddings or embeddings, all_labels or labels
    first, losses = int(rank) * len(labels), []
    for i, (a, label) in enumerate(zip(embeddings, labels)):
        s = {j: cosine(a, k) / temperature for j, k in enumerate(every) if j != first + i}
        log_sum = sum(v.exp() for v in s.values()).ln()
        own = [log_sum - s[j] for j in s if kinds[j] == label]
        losses += [mean(own)] if own else []
    return mean(losses)


PLAIN = {"clip": clip, "siglip": siglip, "nt_xent": nt_xent, "sup_con": sup_con}
FEW = ("random/4x3", "random/6x3", "random/5x3", "ties/repeated", "tails/aligned")
SOME = [
    vector
    for name in NAMES
    for vector in oracle.cases(name)
    if vector.id.split("/", 1)[1].startswith(FEW)
]


@pytest.mark.parametrize("vector", SOME, ids=lambda vector: vector.id)
def test_the_decimals_are_the_definition_and_its_differences(vector):
    name = vector.objective.name
    check(PLAIN[name.removesuffix("_shard")], vector, getattr(exact, name))


def test_values_by_hand():
    found = {
        vector.id: float(vector.expected["value"].value)
        for name in NAMES
        for vector in oracle.cases(name)
    }
    ln, e = math.log, math.e
    hand = {
        "clip/smoke/one-direction": ln(2),
        "clip_shard/smoke/one-pair-of-two": ln(2),
        "siglip/smoke/bias-0": ln(1 + 1 / e) + ln(2),
        "siglip/smoke/bias-1": ln(2) + ln(1 + 1 / e),
        "siglip/smoke/crossed": ln(2) + ln(1 + e),
        "nt_xent/smoke/one-direction": ln(3),
        "nt_xent/smoke/right-angle": ln(1 + 2 / e),
        "nt_xent/smoke/crossed": ln(2 + e),
        "sup_con/smoke/one-direction": ln(3),
        "sup_con/smoke/right-angle": ln(1 + 2 / e),
        "sup_con/smoke/three-of-a-kind": ln(2 + 1 / e),
    }
    for name in ("clip", "clip_shard"):
        hand |= {f"{name}/smoke/right-angle": ln(1 + 1 / e), f"{name}/smoke/crossed": ln(1 + e)}
    for name in ("siglip", "nt_xent", "sup_con"):
        hand |= {
            id.replace(name, f"{name}_shard"): value
            for id, value in hand.items()
            if id.startswith(f"{name}/")
        }
    for id, value in hand.items():
        assert found[id] == pytest.approx(value, rel=1e-14), id


def test_chance_values():
    """All vectors alike: ln n, ln(2n - 1), ln(n - 1) of SupCon's others; SigLIP at b = -ln(n - 1) and scale 0."""
    z, n = np.ones((5, 3)), 5
    assert oracle.truth("clip", images=z, texts=z, log_scale=1.0)["value"] == pytest.approx(
        math.log(n)
    )
    views = np.ones((2 * n, 3))
    assert oracle.truth("nt_xent", views=views, temperature=0.5)["value"] == pytest.approx(
        math.log(2 * n - 1)
    )
    supervised = oracle.truth("sup_con", embeddings=z, labels=[0, 0, 1, 1, 1], temperature=0.5)
    assert supervised["value"] == pytest.approx(math.log(n - 1))
    bias = -math.log(n - 1) - math.exp(-3.0)
    assert oracle.truth("siglip", images=z, texts=z, log_scale=-3.0, bias=bias)[
        "value"
    ] == pytest.approx(math.log(n) + (n - 1) * math.log(n / (n - 1)))


@pytest.mark.parametrize("name", ["clip", "nt_xent", "sup_con", "siglip"])
@pytest.mark.parametrize("n_shards", [1, 2, 3])
def test_the_mean_over_shards_is_the_whole_and_so_are_the_gradients(name, n_shards):
    """Every device's loss and gradients, the keys' added to the anchors' at its rank, averaged over the devices.

    SigLIP's texts get theirs from all devices, images are never keys. SupCon's mean is over the anchors that have a
    positive: here all.
    """
    rng = np.random.default_rng(5)
    n, d = 6, 3
    m = n // n_shards
    whole = {
        "clip": {"images": (n, d), "texts": (n, d), "log_scale": 1.2},
        "siglip": {"images": (n, d), "texts": (n, d), "log_scale": 1.2, "bias": -1.0},
        "nt_xent": {"views": (2 * n, d), "temperature": 0.4},
        "sup_con": {
            "embeddings": (n, d),
            "labels": np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
            "temperature": 0.4,
        },
    }[name]
    whole = {k: rng.normal(size=v) if isinstance(v, tuple) else v for k, v in whole.items()}
    blocks = 2 if name == "nt_xent" else 1

    def cut(z, rank):
        return np.concatenate([part[rank * m : (rank + 1) * m] for part in np.split(z, blocks)])

    want, found = oracle.truth(name, **whole), {}
    for rank in range(n_shards):
        arguments = {"rank": float(rank)}
        for key, value in whole.items():
            local = cut(value, rank) if np.ndim(value) else value
            if not (name == "siglip" and key == "texts"):
                arguments[key] = local
            if np.ndim(value) and not (name == "siglip" and key == "images"):
                arguments[f"all_{key}"] = value
        shard = oracle.truth(f"{name}_shard", **arguments)
        for output, value in shard.items():
            of = output.replace("grad_all_", "grad_")
            total = found.setdefault(of, np.zeros_like(want[of]))
            if np.ndim(value) and "all_" not in output:
                for part, mine in zip(np.split(total, blocks), np.split(value, blocks)):
                    part[rank * m : (rank + 1) * m] += mine / n_shards
            else:
                found[of] = total + value / n_shards
    for output, value in want.items():
        assert np.allclose(found[output], value, rtol=1e-13, atol=1e-15), output


def test_sup_con_of_pairs_is_nt_xent():
    rng = np.random.default_rng(6)
    z = rng.normal(size=(8, 3))
    one = oracle.truth("nt_xent", views=z, temperature=0.3)
    other = oracle.truth("sup_con", embeddings=z, labels=[0, 1, 2, 3] * 2, temperature=0.3)
    assert float(one["value"]) == float(other["value"])
    assert np.array_equal(one["grad_views"], other["grad_embeddings"])


def test_bad_inputs_are_refused():
    z = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    for name, inputs, said in (
        ("nt_xent", {"views": z, "temperature": 1.0}, "views with 3 rows"),
        ("sup_con", {"embeddings": z, "labels": [0, 1, 2], "temperature": 1.0}, "occurs twice"),
        (
            "sup_con",
            {"embeddings": z, "labels": [0.5, 1, 0.5], "temperature": 1.0},
            "whole numbers",
        ),
        ("clip", {"images": z[:1], "texts": z[:1], "log_scale": 0.0}, "expected at least 2 pairs"),
        (
            "siglip_shard",
            {"images": z[:1], "all_texts": z, "rank": 3.0, "log_scale": 0.0, "bias": 0.0},
            "rank 3.0; expected a whole number from 0 to 3/1 - 1",
        ),
        (
            "sup_con_shard",
            {
                "embeddings": z[:1],
                "labels": [0],
                "all_embeddings": z,
                "all_labels": [0, 1, 0],
                "rank": 1.0,
                "temperature": 1.0,
            },
            "differ from all_embeddings at rank 1",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            oracle.truth(name, **inputs)
    with pytest.raises(ValueError, match="rank: got"):
        exact.siglip_shard(z[:2], z, 0, 0.0, 0.0)
    with pytest.raises(ValueError, match="text: got 2 rows; expected 3"):
        exact.clip(z, z[:2], 0.0)
    with pytest.raises(ValueError, match="views: got 3 rows"):
        exact.nt_xent(z, 1.0)
    with pytest.raises(ValueError, match="no label that occurs twice"):
        exact.sup_con(z, [0, 1, 2], 1.0)


# --- what is said of wrong ones
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("clip", "info-nce-positive-left-out"),
        ("clip", "log-scale-not-exponentiated"),
        ("nt_xent", "nt-xent-self-not-masked"),
        ("nt_xent", "nt-xent-views-interleaved"),
        ("nt_xent", "info-nce-positive-left-out"),
        ("siglip", "siglip-labels-0"),
        ("siglip", "siglip-bias-subtracted"),
        ("sup_con", "sup-con-inside-the-logarithm"),
        ("sup_con", "sup-con-positives-summed"),
        ("clip_shard", "shard-no-offset"),
        ("nt_xent_shard", "shard-no-offset"),
        ("sup_con_shard", "shard-next-rank"),
        ("siglip_shard", "shard-no-offset"),
    ],
)
def test_a_slip_is_named_from_the_value_alone(name, id):
    mistake = find_mistake(id)
    best = oracle.check(lambda **i: mistake.evaluate(name, i)["value"], name).diagnosis.best
    assert best.id == id


def test_a_gather_without_gradient_is_named():
    def impl(**inputs):
        found = right_views.clip_shard(**inputs)
        return {k: 0 * v if k.startswith("grad_all") else v for k, v in found.items()}

    assert oracle.check(impl, "clip_shard").diagnosis.best.id == "shard-keys-detached"


def test_anchors_that_are_summed_are_a_convention():
    """SupCon's sum is over the anchors that have a positive."""

    def impl(embeddings, labels, temperature):
        found = right_views.sup_con(embeddings, labels, temperature)
        used = ((labels[:, None] == labels[None, :]).sum(axis=1) > 1).sum()
        return {name: used * value for name, value in found.items()}

    best = oracle.check(impl, "sup_con").diagnosis.best
    assert best.kind == "convention" and 'reduction="sum"' in best.remedy


def test_removing_the_positive_from_nt_xents_denominator_falls_for_ever():
    """DCL of two far examples whose views agree: the loss goes to -infinity with 1/t, NT-Xent's to 0."""
    dcl, objective = find_mistake("info-nce-positive-left-out"), OBJECTIVES["nt_xent"]
    views = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    for t in (0.1, 0.01, 0.001):
        inputs = {"views": views, "temperature": t}
        assert dcl.evaluate("nt_xent", inputs)["value"] == pytest.approx(math.log(2) - 2 / t)
        assert 0 <= objective.evaluate(objective.right, inputs)["value"] < 1e-8
