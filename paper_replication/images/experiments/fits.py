r"""One model, or the two layers with their stages, on one draw of patches; everything that the claims, tables and
pictures ask for.

*Conventions.* ``params``: ``size`` (a key of ``DESIGNS``), ``draw``, ``part`` (a key of ``PARTS``). Patches, noise
and starts belong to size and draw
alone, so that all models of a draw see the same; ``rng`` serves what is drawn afterwards. Results are "model.quantity":

    J.train, J.<photograph>     the objective at nu = 1 on the training points, and held out on one photograph
    L.<photograph>              held-out log-likelihood, normalised, over the uniform density's: nats a patch
    mass, mass.error, mass.is   ln of the model's integral, by annealing with its error, and by importance weights: c
    + ln Z
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref import LaplaceICA, diagnose_weights

from ...seeds import generator_for
from ..fitting import Climb, centred, climb, held_out_terms, two_layers
from ..gabor import Gabor, fit_gabor, mean_frequency, pooled
from ..models import Array, Float, MarkovField, OneLayer, SplineLayer, WithGain, threshold
from ..patches import Patches, prepare
from ..photographs import photographs
from ..sphere import SphereNoise, anneal, sample_model

EXPERIMENT_VERSION = 1
N_TEST_NOISE, N_WEIGHTS, N_WALKS, N_TEMPERATURES, N_MOVES = 50_000, 200_000, 2000, 600, 100
NU = 10
N_FILTERS = 25
N_TIMES = 3  # the control's points, over those of the fit that they are drawn from
DRAWN = 0  # the draw whose pictures are kept


@dataclass(frozen=True)
class Design:
    """``side`` and ``n_dim`` of the patches; ``field``: side, dimensions, window and points a photograph of the
    Markov field."""

    side: int
    n_dim: int
    n_train: int
    n_test: int
    n_iterations: int
    field: tuple[int, int, int, int]


DESIGNS = {
    5: Design(5, 8, 40, 20, 5, (6, 12, 4, 20)),
    8: Design(8, 32, 2000, 1000, 500, (8, 50, 5, 1000)),
    16: Design(16, 64, 4000, 1000, 500, (12, 120, 7, 1000)),
}


@dataclass(frozen=True)
class Draw:
    """The points of one draw: patches, training noise, and a start of W and b, by the later code's law."""

    patches: Patches
    noise_points: Array
    W: Float
    b: Float
    n_iterations: int

    @property
    def noise(self) -> SphereNoise:
        return self.patches.noise

    def climb(self, model: Any, theta: Float, **options: Any) -> Climb:
        """Climb from theta with a centred c."""
        start = centred(model, theta, self.noise, self.noise_points)
        options.setdefault("max_iterations", self.n_iterations)
        return climb(model, start, self.noise, self.patches.train, self.noise_points, **options)


def drawn(size: int, draw: int, field: bool = False) -> Draw:
    """Return a draw of a design."""
    design = DESIGNS[size]
    side, n_dim, n_train = design.side, design.n_dim, design.n_train
    if field:
        side, n_dim, _, n_train = design.field
    rng = generator_for("images", size, draw, "field" if field else "layers")
    patches = prepare(photographs(), side, n_dim, n_train, design.n_test, rng)
    noise = patches.noise.sample(len(patches.train), rng).astype(np.float32)
    W = rng.standard_normal((n_dim, n_dim)) / np.sqrt(n_dim - 1)
    return Draw(patches, noise, W, -1.0 - rng.random(n_dim), design.n_iterations)


def measured(
    name: str, model: Any, fit: Climb, draw: Draw, rng: np.random.Generator
) -> dict[str, float]:
    """What every model is asked. Test noise, weights and walks are fresh."""
    noise, patches, theta = draw.noise, draw.patches, fit.theta
    of_x, of_y = held_out_terms(
        model, theta, noise, patches.test, noise.sample(N_TEST_NOISE, rng), 1.0
    )
    weights = diagnose_weights(
        model.log_density(theta, noise.sample(N_WEIGHTS, rng)) - noise.constant
    )
    walks, _, _ = anneal(model, theta, noise, rng, N_WALKS, N_TEMPERATURES)
    over_noise = model.log_density(theta, patches.test) - noise.constant
    result = {
        "J.train": fit.value,
        "identity": fit.identity,
        "evaluations": fit.n_evaluations,
        "mass": walks.log_mean,
        "mass.error": walks.relative_standard_error,
        "mass.is": weights.log_mean,
        "mass.is.error": weights.relative_standard_error,
        "mass.is.worth": weights.effective_sample_size,
    }
    result |= {f"J.{one}": mean + of_y for one, mean in patches.by_photograph(of_x).items()}
    result |= {
        f"L.{one}": mean - walks.log_mean for one, mean in patches.by_photograph(over_noise).items()
    }
    return {f"{name}.{key}": float(value) for key, value in result.items()}


def filters(name: str, pictures: Float, fits: list[Gabor], kept: bool = False) -> dict[str, float]:
    """Gabor fits and frequencies of pictures, (n, side, side); where ``kept`` the pictures themselves, in whole per
    cent
    of their largest pixel."""
    result = {}
    for k, (picture, fit) in enumerate(zip(pictures, fits)):
        result |= {
            f"{name}.r2.{k}": fit.r_squared,
            f"{name}.low.{k}": float(fit.is_low),
            f"{name}.f.{k}": mean_frequency(picture),
        }
        if kept:
            levels = np.round(100.0 * picture / np.abs(picture).max()).ravel()
            result |= {f"{name}.pixel.{k}.{i}": level for i, level in enumerate(levels)}
    return result


def fits_of(pictures: Float) -> list[Gabor]:
    """The Gabor fit of every picture."""
    return [fit_gabor(picture) for picture in pictures]


def pictures_of(W: Float, patches: Patches) -> Float:
    """The filters as whitened patches, E w."""
    found = W @ patches.pixels.T
    side = int(np.sqrt(found.shape[1]))
    return found.reshape(-1, side, side)


def random_rotation(n: int, rng: np.random.Generator) -> Float:
    """A rotation by Haar's measure but for signs, which nothing here sees."""
    return np.asarray(np.linalg.qr(rng.standard_normal((n, n)))[0])


def layers(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """Stage one, the same with nu = 10, and stages two and three; features of both, a rotation's beside them, and
    what V pools."""
    draw = drawn(size, draw_number)
    model, noise, x = OneLayer(draw.noise.n_dim), draw.noise, draw.patches.train
    one = draw.climb(model, model.pack(W=draw.W, b=draw.b, c=0.0))
    more = noise.sample(NU * len(x), rng).astype(np.float32)
    of_ten = climb(model, one.theta, noise, x, more, max_iterations=draw.n_iterations)
    two, (second, third) = two_layers(one, noise, x, draw.noise_points, rng, draw.n_iterations)
    parts = two.unpack(third.theta)
    V = parts["P"] ** 2
    result = {"share": draw.patches.share, "second.J.train": second.value}
    result |= measured("one", model, one, draw, rng) | measured("ten", model, of_ten, draw, rng)
    result |= measured("two", two, third, draw, rng)
    rotation = random_rotation(noise.n_dim, rng)
    kept = draw_number == DRAWN
    for name, W in (("one", model.unpack(one.theta)["W"]), ("rotated", rotation)):
        pictures = pictures_of(W, draw.patches)
        result |= filters(name, pictures, fits_of(pictures), kept and name == "one")
    pictures = pictures_of(parts["W"], draw.patches)
    fits = fits_of(pictures)
    result |= filters("two", pictures, fits, kept)
    # By what a feature adds at the data, where (w.x)^2 is |w|^2 on average.
    weighed = V * np.sum(parts["W"] ** 2, axis=1)
    result |= {f"pool.{key}": value for key, value in pooled(weighed, fits, rng).items()}
    if kept:
        levels = np.round(100.0 * weighed / weighed.max(axis=1, keepdims=True))
        result |= {f"V.{n}.{k}": v for n, row in enumerate(levels) for k, v in enumerate(row)}
    return result


def rotated(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """One layer whose W is a random rotation; b and c are fitted."""
    draw = drawn(size, draw_number)
    model = OneLayer(draw.noise.n_dim)
    theta = model.pack(W=random_rotation(model.n_dim, rng), b=draw.b, c=0.0)
    return measured(
        "rotation", model, draw.climb(model, theta, free=model.free("b", "c")), draw, rng
    )


def gain(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """One layer with a gain, from the start of the one without."""
    draw = drawn(size, draw_number)
    model = WithGain(draw.noise.n_dim)
    theta = model.pack(W=draw.W, a=1.0, b=draw.b, c=0.0)
    return measured("gain", model, draw.climb(model, theta), draw, rng)


def laplace(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """The package's Laplace ICA, taken as a density on the sphere."""
    draw = drawn(size, draw_number)
    model = LaplaceICA(draw.noise.n_dim)
    return measured("laplace", model, draw.climb(model, model.pack(draw.W, 0.0)), draw, rng)


def spline(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """One layer with a shape that is learnt, from the threshold function with b = -1.5 as its shape."""
    draw = drawn(size, draw_number)
    model = SplineLayer(draw.noise.n_dim)
    places = model.width * (np.arange(model.n_pieces + 2) - 0.5)
    theta = model.pack(W=draw.W, a=threshold(np.maximum(places, 0.0) - 1.5), c=0.0)
    return measured("spline", model, draw.climb(model, theta), draw, rng)


def control(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """The positive control: one layer fitted to ``N_TIMES`` as many points drawn from a fitted layer."""
    draw = drawn(size, draw_number)
    model = OneLayer(draw.noise.n_dim)
    start = model.pack(W=draw.W, b=draw.b, c=0.0)
    one = draw.climb(model, start)
    n = N_TIMES * len(draw.patches.train)
    x = sample_model(model, one.theta, draw.noise, rng, n, N_MOVES).astype(np.float32)
    y = draw.noise.sample(n, rng).astype(np.float32)
    begin = centred(model, start, draw.noise, y)
    fit = climb(model, begin, draw.noise, x, y, max_iterations=draw.n_iterations)
    return measured("control", model, fit, draw, rng)


def field(size: int, draw_number: int, rng: np.random.Generator) -> dict[str, float]:
    """The Markov field, on patches of its own that keep the high frequencies; its random start is its control."""
    draw = drawn(size, draw_number, field=True)
    window = DESIGNS[size].field[2]
    model = MarkovField(draw.patches.pixels, window, N_FILTERS)
    w = rng.standard_normal((N_FILTERS, window**2)) / window
    theta = model.pack(w=w, b=-1.0 - rng.random(N_FILTERS), c=0.0)
    fit = draw.climb(model, theta, max_iterations=draw.n_iterations // 4 + 1)
    result = {"field.J.train": fit.value, "field.evaluations": float(fit.n_evaluations)}
    learnt, begun = (one.reshape(-1, window, window) for one in (model.unpack(fit.theta)["w"], w))
    result |= filters("field", learnt, fits_of(learnt), draw_number == DRAWN)
    return result | filters("start", begun, fits_of(begun))


PARTS: Mapping[str, Callable[[int, int, np.random.Generator], dict[str, float]]] = {
    one.__name__: one for one in (layers, rotated, gain, laplace, spline, control, field)
}
SECONDS = {
    "layers": 18.0,
    "rotated": 1.2,
    "gain": 6.5,
    "laplace": 3.4,
    "spline": 18.0,
    "control": 40.0,
    "field": 10.0,
}


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the results of one part of one draw."""
    return PARTS[params["part"]](int(params["size"]), int(params["draw"]), rng)


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run on an idle core, for ordering and remaining time."""
    return SECONDS[params["part"]] * {5: 0.1, 8: 1.0, 16: 8.0}[int(params["size"])]
