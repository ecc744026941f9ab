"""Every function that may be handed over in another's place, written anew: each is named, and what to ask instead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nce_ref.oracle.diagnosis.relatives import recognise_signature, relatives_of
from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.objectives import EVERY, OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle.answers import diagnosis
from tests.oracle.families.networks.right_networks import BY_OUTPUT, batched
from tests.oracle.families.views import right_views


def sigmoid(inputs):
    h = 1 / (1 + np.exp(-inputs["t"]))
    return {"value": h, "grad": h * (1 / (1 + np.exp(inputs["t"])))}


def log_sigmoid(inputs):
    t = inputs["t"]
    return {"value": -np.logaddexp(0 * t, -t), "grad": np.exp(-np.logaddexp(0 * t, t))}


def log_ratios(inputs):
    """ln p_n unused: the log-densities of the model are taken for the log-ratios."""
    x, y = inputs["log_model_data"], inputs["log_model_noise"]
    t, s = x - np.log(inputs["nu"]), np.log(inputs["nu"]) - y
    h, p = log_sigmoid({"t": t}), log_sigmoid({"t": s})
    return {
        "value": (h["value"].sum() + p["value"].sum()) / len(x),
        "grad_log_model_data": h["grad"] / len(x),
        "grad_log_model_noise": -p["grad"] / len(x),
    }


def normalised(inputs):
    """ln p_m(u) = sum_i ln[exp(-sqrt(2)|s_i|)/sqrt(2)] + ln|det B|, the density of s = B u carried over to u."""
    B, u = inputs["B"], inputs["u"]
    of_sources = -np.sqrt(2) * np.abs(u @ B.T) - np.log(2) / 2
    return {"value": of_sources.sum(axis=1) + np.log(abs(np.linalg.det(B)))}


def likelihood(inputs):
    B, x = inputs["B"], inputs["x"]
    gradient = np.linalg.inv(B).T - np.sqrt(2) * np.sign(B @ x.T) @ x / len(x)
    return {"value": normalised({"B": B, "u": x})["value"].mean(), "grad_B": gradient}


def likelihood_and_c(inputs):
    return likelihood(inputs) | {"grad_c": np.array(0.0)}


def softmaxes(averaged=False, decoupled=False):
    """The same with the noise's terms averaged, or without the datum in its own denominator."""

    def given(inputs):
        s, t = inputs["log_ratio_data"], inputs["log_ratio_noise"]
        if averaged:
            t = t - np.log(t.dtype.type(len(t)))
        every = np.tile(t, (len(s), 1))
        if not decoupled:
            every = np.concatenate([s[:, None], every], axis=1)
        top = every.max(axis=1, keepdims=True)
        shares = np.exp(every - top)
        log_sum = top[:, 0] + np.log(shares.sum(axis=1))
        shares /= shares.sum(axis=1, keepdims=True)
        of_noise = shares if decoupled else shares[:, 1:]
        of_data = np.ones_like(s) if decoupled else of_noise.sum(axis=1)
        return {
            "value": (s - log_sum).mean(),
            "grad_log_ratio_data": of_data / len(s),
            "grad_log_ratio_noise": -of_noise.sum(axis=0) / len(s),
        }

    return given


def of_densities(of_ratios, with_noise=True):
    """Of ln p_m - ln p_n, or of ln p_m alone."""

    def given(inputs):
        off = 1.0 if with_noise else 0.0
        ratios = {
            f"log_ratio_{sample}": inputs[f"log_model_{sample}"]
            - inputs[f"log_noise_{sample}"].dtype.type(off) * inputs[f"log_noise_{sample}"]
            for sample in ("data", "noise")
        }
        return {name.replace("ratio", "model"): value for name, value in of_ratios(ratios).items()}

    return given


def softmax_over_all_noise(inputs):
    """ln of each datum's share beside all noise points, averaged: minus InfoNCE with every noise point as a
    negative."""
    s, t = inputs["log_ratio_data"], inputs["log_ratio_noise"]
    every = np.concatenate([s[:, None], np.tile(t, (len(s), 1))], axis=1)
    shares = np.exp(every - every.max(axis=1, keepdims=True))
    log_sum = every.max(axis=1) + np.log(shares.sum(axis=1))
    shares /= shares.sum(axis=1, keepdims=True)
    of_data = -shares[:, 1:].sum(axis=1) / len(s)
    of_noise = shares[:, 1:].sum(axis=0) / len(s)
    return {
        "value": (s - log_sum).mean(),
        "grad_log_ratio_data": -of_data,
        "grad_log_ratio_noise": -of_noise,
    }


def binary_loss(data, noise, nu):
    """Minus J of log-ratios, noise of any shape, and its slopes by both."""
    t, s = data - np.log(nu), np.log(nu) - noise
    h, p = log_sigmoid({"t": t}), log_sigmoid({"t": s})
    n = len(data)
    return -(h["value"].sum() + p["value"].sum()) / n, -h["grad"] / n, p["grad"] / n


def binary_of_rows(inputs):
    data = inputs["log_model_data"] - inputs["log_noise_data"]
    noise = inputs["log_model_noise"] - inputs["log_noise_noise"]
    value, of_data, of_noise = binary_loss(data, noise, noise.shape[1])
    return {"value": value, "grad_log_model_data": of_data, "grad_log_model_noise": of_noise}


def binary_of_model(inputs):
    B, x, y = inputs["B"], inputs["x"], inputs["y"]
    law = multivariate_normal(inputs["noise_mean"], inputs["noise_cov"])
    points = np.concatenate([x[:, None], y], axis=1)
    s = points @ B.T
    log_noise = np.asarray(law.logpdf(points)).reshape(points.shape[:2]).astype(B.dtype)
    ratio = -np.sqrt(2) * np.abs(s).sum(axis=2) - log_noise
    value, of_data, of_noise = binary_loss(ratio[:, 0], ratio[:, 1:], y.shape[1])
    g = np.concatenate([of_data[:, None], of_noise], axis=1)
    return {
        "value": value,
        "grad_B": -np.sqrt(2) * np.einsum("nk,nki,nkj->ij", g, np.sign(s), points),
    }


def nre_a(inputs):
    joint, marginal = inputs["logits_joint"], inputs["logits_marginal"]
    value, of_joint, of_marginal = binary_loss(joint[:, 0], marginal[:, 0], 1.0)
    first = np.arange(joint.shape[1]) == 0
    return {
        "value": value / 2,
        "grad_logits_joint": np.where(first, of_joint[:, None] / 2, 0),
        "grad_logits_marginal": np.where(first, of_marginal[:, None] / 2, 0),
    }


def nre_b(inputs):
    joint = inputs["logits_joint"]
    w = np.exp(joint - joint.max(axis=1, keepdims=True))
    log_sum = joint.max(axis=1) + np.log(w.sum(axis=1))
    w = w / w.sum(axis=1, keepdims=True)
    w[:, 0] = -w[:, 1:].sum(axis=1)
    return {
        "value": (log_sum - joint[:, 0]).mean(),
        "grad_logits_joint": w / len(joint),
        "grad_logits_marginal": np.zeros_like(joint),
    }


def temperature(found, t, **renamed):
    """A loss with a log-scale as one with a temperature, its outputs renamed."""
    found = dict(found)
    return {
        "value": found["value"],
        "grad_temperature": -found["grad_log_scale"] / t,
        **{new: found[old] for new, old in renamed.items()},
    }


def log_scale(found, scale, **renamed):
    return {
        "value": found["value"],
        "grad_log_scale": -found["grad_temperature"] / scale,
        **{new: found[old] for new, old in renamed.items()},
    }


def nt_xent_of_pairs(inputs):
    scale, n = np.exp(inputs["log_scale"]), len(inputs["images"])
    found = right_views.nt_xent(np.concatenate([inputs["images"], inputs["texts"]]), 1 / scale)
    found |= {"images": found["grad_views"][:n], "texts": found["grad_views"][n:]}
    return log_scale(found, scale, grad_images="images", grad_texts="texts")


def siglip_of_pairs(inputs):
    found = right_views.siglip(**inputs, bias=0.0)
    return {name: value for name, value in found.items() if name != "grad_bias"}


def rows_and_columns(images, texts, log_scale):
    """CLIP by softplus of the gaps: losses far below eps keep their digits."""
    u, v = right_views.unit(images), right_views.unit(texts)
    kind, n = images.dtype.type, len(images)
    scale, q = kind(np.exp(log_scale)), u @ v.T
    value, g = kind(0), np.zeros_like(q)
    for s, of in ((scale * q, g), (scale * q.T, g.T)):
        gaps = s - np.diag(s)[:, None]
        np.fill_diagonal(gaps, -np.inf)
        losses = right_views.softplus(np.logaddexp.reduce(gaps, axis=1))
        w = np.exp(gaps - losses[:, None]) / kind(2 * n)
        np.fill_diagonal(w, -w.sum(axis=1))
        value += losses.sum() / kind(2 * n)
        of += w
    return {
        "value": value,
        "grad_images": right_views.by_length(images, scale * g @ v),
        "grad_texts": right_views.by_length(texts, scale * g.T @ u),
        "grad_log_scale": scale * (g * q).sum(),
    }


def clip_of_pairs(inputs):
    kept = {name: value for name, value in inputs.items() if name != "bias"}
    return {**rows_and_columns(**kept), "grad_bias": np.zeros(())}


def clip_of_views(inputs):
    t, (a, b) = inputs["temperature"], np.split(inputs["views"], 2)
    found = right_views.clip(a, b, -np.log(t))
    found["views"] = np.concatenate([found["grad_images"], found["grad_texts"]])
    return temperature(found, t, grad_views="views")


def one_way(anchors, positives, t):
    u, v = right_views.unit(anchors), right_views.unit(positives)
    q = u @ v.T
    value, g = right_views.cross_entropy(q / t, np.arange(len(u)))
    by_u, by_v = g @ v / t, g.T @ u / t
    return (
        value,
        right_views.by_length(anchors, by_u),
        right_views.by_length(positives, by_v),
        -(g * q).sum() / t**2,
    )


def info_nce_of_views(inputs):
    value, of_a, of_b, by_t = one_way(*np.split(inputs["views"], 2), inputs["temperature"])
    return {"value": value, "grad_views": np.concatenate([of_a, of_b]), "grad_temperature": by_t}


def clip_of_batch(inputs):
    t = inputs["temperature"]
    found = right_views.clip(inputs["anchors"], inputs["positives"], -np.log(t))
    return temperature(found, t, grad_anchors="grad_images", grad_positives="grad_texts")


def nt_xent_of_batch(inputs):
    n = len(inputs["anchors"])
    views = np.concatenate([inputs["anchors"], inputs["positives"]])
    found = right_views.nt_xent(views, inputs["temperature"])
    by_views = found.pop("grad_views")
    return {**found, "grad_anchors": by_views[:n], "grad_positives": by_views[n:]}


# 1 - a^2 of a saturated tanh has no digits left, and the vectors for relu saturate it.
ACTIVATIONS = BY_OUTPUT | {"tanh": (np.tanh, lambda z, a: 1 / np.cosh(z) ** 2)}


def network(activation):
    return lambda inputs: batched(ACTIVATIONS)(activation, **inputs)


# objective, what was handed over, its id, the objective to name instead ("" where there is none)
HANDED_OVER = [
    ("log_sigmoid", sigmoid, "sigmoid-given", "sigmoid"),
    ("sigmoid", log_sigmoid, "log-sigmoid-given", "log_sigmoid"),
    ("binary_nce", log_ratios, "log-ratios-expected", "nce_from_log_ratios"),
    ("nce_from_log_ratios", softmax_over_all_noise, "info-nce-given", "info_nce_from_logits"),
    (
        "nce_from_log_ratios",
        softmaxes(averaged=True),
        "info-nce-averaged-given",
        "info_nce_from_logits",
    ),
    ("nce_from_log_ratios", softmaxes(decoupled=True), "info-nce-decoupled-given", ""),
    ("binary_nce", of_densities(softmaxes()), "info-nce-given", "info_nce_from_logits"),
    (
        "binary_nce",
        of_densities(softmaxes(), False),
        "info-nce-of-model-given",
        "info_nce_from_logits",
    ),
    (
        "binary_nce",
        of_densities(softmaxes(averaged=True)),
        "info-nce-averaged-given",
        "info_nce_from_logits",
    ),
    ("binary_nce", of_densities(softmaxes(decoupled=True)), "info-nce-decoupled-given", ""),
    ("ranking_nce", binary_of_rows, "binary-nce-given", "binary_nce"),
    ("laplace_ica_ranking_nce", binary_of_model, "binary-nce-of-model-given", "laplace_ica_nce"),
    ("nre_c", nre_a, "nre-a-given", "nce_from_log_ratios"),
    ("nre_c", nre_b, "nre-b-given", "info_nce_from_logits"),
    ("clip", nt_xent_of_pairs, "nt-xent-of-pairs-given", "nt_xent"),
    ("clip", siglip_of_pairs, "siglip-without-bias-given", "siglip"),
    ("siglip", clip_of_pairs, "clip-given", "clip"),
    ("nt_xent", clip_of_views, "clip-of-views-given", "clip"),
    ("nt_xent", info_nce_of_views, "info-nce-of-views-given", "info_nce_in_batch"),
    ("info_nce_in_batch", clip_of_batch, "clip-of-batch-given", "clip"),
    ("info_nce_in_batch", nt_xent_of_batch, "nt-xent-of-batch-given", "nt_xent"),
    ("laplace_ica_log_density", normalised, "normalised-density", ""),
    ("laplace_ica_nce", likelihood_and_c, "likelihood-given", "laplace_ica_mle"),
    ("laplace_ica_importance_sampling", likelihood, "exact-normaliser", "laplace_ica_mle"),
    *(
        (f"mlp_{named}_log_density", network(given), f"{given}-given", f"mlp_{given}_log_density")
        for named in ("tanh", "softplus", "relu")
        for given in ("tanh", "softplus", "relu")
        if given != named
    ),
]
# A mistake that returns the same numbers is named first, and the relative's remedy is added to its own.
SAME_AS = {
    "log-ratios-expected": "no-log-pn-everywhere",
    "normalised-density": "c-tied",
    "nt-xent-of-pairs-given": "clip-same-side-too",
    "siglip-without-bias-given": "info-nce-binary-cross-entropy",
    "clip-of-views-given": "nt-xent-other-view-alone",
}
handed_over = pytest.mark.parametrize(
    ("name", "given", "id", "use"), HANDED_OVER, ids=[f"{row[0]}-{row[2]}" for row in HANDED_OVER]
)


def test_every_relative_is_asked_for():
    # The relatives of sampled and conditional objectives are handed over in their families' own tests.
    elsewhere = {"class_nce", "negative_sampling", "sampled_softmax", "conditional_nce"}
    objectives = [at for name, at in OBJECTIVES.items() if name not in elsewhere]
    known = {(at.name, r.id) for at in objectives for r in relatives_of(at)}
    assert {(name, id) for name, _, id, _ in HANDED_OVER} == known
    assert all(r.at in EVERY for family in FAMILIES for r in family.relatives)


@handed_over
def test_what_was_handed_over_is_named(name, given, id, use):
    for dtype in ("float32", "float64"):
        best = diagnosis(name, given, dtype).best
        remedy = (
            f'if this function is what you meant, check it as oracle.check(impl, "{use}")'
            if use
            else f"hand the arguments over as {name} has them: {OBJECTIVES[name].formula}"
        )
        mistake = SAME_AS.get(id)
        assert (best.kind, best.id) == (
            ("mistake", mistake) if mistake else ("other objective", id)
        )
        assert best.matches == best.of >= 10
        assert best.remedy == (f"or {remedy}" if mistake else remedy)


@handed_over
def test_a_relative_returns_what_its_objective_is(name, given, id, use):
    """On every vector without overflow: both are sums of a few hundred terms at most, each right to some 1e-14 of its
    size."""
    relative = next(relative for relative in relatives_of(OBJECTIVES[name]) if relative.id == id)
    assert relative.use == use
    for vector in cases(name):
        inputs = vector.arguments("float64")
        with np.errstate(all="ignore"):
            got, want = relative.evaluate(inputs), given(inputs)
        assert set(got) == set(want)
        for output, value in want.items():
            size = np.abs(value).max(initial=1.0, where=np.isfinite(value))
            assert np.allclose(got[output], value, rtol=1e-12, atol=1e-12 * size, equal_nan=True), (
                vector.id,
                output,
            )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_parameters_of_another_objective_are_recognised(name):
    """Those of itself, or with more beside them, are right; those of another are that one's, of the widest that
    fits."""
    own = list(OBJECTIVES[name].arguments)
    for given in (own, [*own, "verbose"], own[::-1], [], ["verbose"]):
        assert recognise_signature(given, OBJECTIVES[name]) is None
    for other in OBJECTIVES.values():
        given = [*other.arguments, "verbose"]
        if set(own) <= set(given):
            assert recognise_signature(given, OBJECTIVES[name]) is None
            continue
        fits = [o for o in OBJECTIVES.values() if set(o.arguments) <= set(given)]
        widest = [o.name for o in fits if len(o.arguments) == max(len(o.arguments) for o in fits)]
        said = recognise_signature(given, OBJECTIVES[name])
        assert other.name in widest
        use = " or ".join(f'oracle.check(impl, "{one}")' for one in widest)
        assert (
            said
            == f"The parameters ({', '.join(given)}) are those of {' or '.join(widest)}, not of"
            f" {name} ({', '.join(own)}): use {use}."
        )
