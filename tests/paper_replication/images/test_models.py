"""The models of natural images: log-densities against the paper's formulas, derivatives, the sphere, Gabor fits,
climbs; no photograph is needed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paper_replication.images import fitting, gabor, models, patches, photographs, sphere

D, N = 4, 9


def made(model, seed=0):
    rng = np.random.default_rng(seed)
    return 0.7 * rng.standard_normal(model.n_params), 2.0 * rng.standard_normal((N, D))


def f(u):
    """P10's threshold function as it is printed."""
    return 0.25 * np.log(np.cosh(2.0 * u)) + 0.5 * u + 0.17


FIELD = models.MarkovField(np.linalg.qr(np.random.default_rng(1).standard_normal((25, D)))[0], 3, 2)
MODELS = [
    models.OneLayer(D),
    models.WithGain(D),
    models.TwoLayers(D),
    models.SplineLayer(D),
    FIELD,
]


def as_printed(model, theta, u):
    """ln p_m by loops over points and units."""
    parts = model.unpack(theta)
    total = np.full(len(u), theta[-1])
    for t, x in enumerate(u):
        if isinstance(model, models.MarkovField):
            patch = (model.pixels @ x).reshape(model.side, model.side)
            for i in range(model.side - model.window + 1):
                for j in range(model.side - model.window + 1):
                    window = patch[i : i + model.window, j : j + model.window].ravel()
                    total[t] += sum(f(parts["w"] @ window + parts["b"]))
            continue
        energy = np.array([(w @ x) ** 2 for w in parts["W"]])
        if isinstance(model, models.TwoLayers):
            energy = np.array([v @ energy for v in parts["P"] ** 2])
        gain = parts.get("a", 1.0)
        total[t] += sum(f(gain * np.log(energy + 1.0) + parts["b"]))
    return total


@pytest.mark.parametrize("model", [m for m in MODELS if not isinstance(m, models.SplineLayer)])
def test_log_densities_are_the_paper_s(model):
    theta, u = made(model)
    expected = as_printed(model, theta, u)
    assert model.log_density(theta, u) == pytest.approx(expected, rel=1e-12)
    float32 = model.log_density(theta, u.astype(np.float32))
    assert float32 == pytest.approx(expected, rel=1e-5) and float32.dtype == np.float64


@pytest.mark.parametrize("model", MODELS)
def test_pullbacks_are_derivatives(model):
    theta, u = made(model)
    weights = np.random.default_rng(2).standard_normal(N)
    steps = 1e-5 * np.eye(model.n_params)
    slopes = [
        weights @ (model.log_density(theta + h, u) - model.log_density(theta - h, u)) / 2e-5
        for h in steps
    ]
    assert model.pullback(theta, u, weights) == pytest.approx(np.array(slopes), abs=2e-7, rel=1e-7)


def test_models_contain_each_other():
    one = models.OneLayer(D)
    theta, u = made(one)
    parts = one.unpack(theta)
    gain, two = models.WithGain(D), models.TwoLayers(D)
    of_gain = gain.log_density(gain.pack(a=1.0, **parts), u)
    of_two = two.log_density(two.pack(P=np.eye(D), **parts), u)
    assert of_gain == pytest.approx(one.log_density(theta, u), rel=1e-13)
    assert of_two == pytest.approx(one.log_density(theta, u), rel=1e-13)


def test_a_spline_is_smooth_and_straight_beyond_its_last_knot():
    model = models.SplineLayer(1)
    a = np.random.default_rng(3).standard_normal(model.n_pieces + 2)
    t = np.linspace(0.0, 6.0, 6001)
    value, slope, _, _ = model.curve(a, t)
    assert np.gradient(value, t)[1:-1] == pytest.approx(slope[1:-1], abs=0.02)
    assert np.abs(np.diff(slope)).max() < 0.05  # no jump: the steepest piece turns by 0.03 a step
    assert np.ptp(slope[t > 4.0]) == 0.0
    # Coefficients that are a line's make the line.
    line = 2.0 * model.width * (np.arange(model.n_pieces + 2) - 0.5) + 1.0
    assert model.curve(line, t)[0] == pytest.approx(2.0 * t + 1.0)


class _Tilted(models.Shaped):
    """k.x + c on the unit sphere in three dimensions, whose integral is 4 pi sinh|k|/|k| e^c."""

    def __init__(self):
        super().__init__(3, {"k": (3,)})

    def vjp(self, theta, u):
        return u @ theta[:3] + theta[3], lambda w: np.append(w @ u, w.sum())


def test_integrals_by_annealing_and_by_moves():
    theta, noise = np.array([1.0, -2.0, 2.0, 0.3]), sphere.SphereNoise(3, 1.0)
    assert noise.constant == pytest.approx(-math.log(4.0 * math.pi))
    assert sphere.SphereNoise(2, 3.0).constant == pytest.approx(-math.log(6.0 * math.pi))
    right = math.log(4.0 * math.pi * math.sinh(3.0) / 3.0) + 0.3
    rng = np.random.default_rng(4)
    found, ends, _ = sphere.anneal(_Tilted(), theta, noise, rng, 1000, 60)
    # Five standard errors: a false alarm in 10^6.
    assert abs(found.log_mean - right) < 5.0 * found.relative_standard_error < 0.1
    assert np.linalg.norm(ends, axis=1) == pytest.approx(1.0)
    # The mean along k of the model's points is coth 3 - 1/3.
    drawn = sphere.sample_model(_Tilted(), theta, noise, rng, 4000, 40)
    along = drawn @ theta[:3] / 3.0
    assert along.mean() == pytest.approx(1.0 / math.tanh(3.0) - 1.0 / 3.0, abs=0.03)


def gabor_picture(orientation=0.6, frequency=0.22, side=12, x=6.0, y=5.0):
    rows, columns = np.mgrid[:side, :side].astype(float)
    dx, dy = columns - x, rows - y
    u = dx * math.cos(orientation) + dy * math.sin(orientation)
    v = dy * math.cos(orientation) - dx * math.sin(orientation)
    hill = np.exp(-0.5 * ((u / 2.0) ** 2 + (v / 3.0) ** 2))
    return hill * np.cos(2.0 * math.pi * frequency * u + 0.4)


def test_a_gabor_function_is_found_and_noise_is_none():
    fit = gabor.fit_gabor(gabor_picture())
    assert fit.r_squared > 0.999 and not fit.is_low
    assert (fit.orientation, fit.frequency, fit.x, fit.y) == pytest.approx(
        (0.6, 0.22, 6.0, 5.0), abs=0.02
    )
    rng = np.random.default_rng(5)
    assert gabor.fit_gabor(rng.standard_normal((12, 12))).r_squared < 0.5
    assert gabor.fit_gabor(np.ones((12, 12))).is_low
    slow, fast = (gabor.mean_frequency(gabor_picture(frequency=one)) for one in (0.15, 0.3))
    assert slow == pytest.approx(0.17, abs=0.03) and fast == pytest.approx(0.3, abs=0.03)


def test_pooling_by_orientation_is_seen_and_chance_is_not():
    rng = np.random.default_rng(6)
    angles = rng.uniform(0.0, math.pi, 40)
    fits = [
        gabor.Gabor(0.9, *rng.uniform(0.0, 12.0, 2), a, rng.uniform(0.1, 0.4), False)
        for a in angles
    ]
    alike = np.exp(4.0 * np.cos(2.0 * (angles[:, None] - angles)))
    found = gabor.pooled(alike, fits, rng)
    gap = found["orientation.pooled"] - found["orientation.permuted"]
    assert gap > 0.5 and gap > 9.0 * found["orientation.deviation"]
    by_chance = gabor.pooled(rng.random((40, 40)), fits, rng)
    for what in ("orientation", "frequency", "distance"):
        z = (by_chance[f"{what}.pooled"] - by_chance[f"{what}.permuted"]) / by_chance[
            f"{what}.deviation"
        ]
        assert abs(z) < 4.0
    # What ended at the lowest frequency is left out, whatever its angle says.
    mixed = [*fits, *(gabor.Gabor(1.0, 0.0, 0.0, 0.0, 0.05, True) for _ in range(9))]
    wide = np.pad(alike, (0, 9), constant_values=1e9)
    assert gabor.pooled(wide[:40], mixed, rng)["orientation.pooled"] == found["orientation.pooled"]


def test_a_climb_finds_the_model_that_made_the_data():
    """One layer in three dimensions on its own data: c is -ln Z, and the maximum's identity holds."""
    model, noise, rng = models.OneLayer(3), sphere.SphereNoise(3), np.random.default_rng(7)
    truth = model.pack(W=2.0 * np.eye(3), b=[-1.0, -1.5, -2.0], c=0.0)
    x = sphere.sample_model(model, truth, noise, rng, 8000, 30)
    y = noise.sample(8000, rng)
    fit = fitting.climb(model, fitting.centred(model, truth, noise, y), noise, x, y)
    assert abs(fit.identity) < 1e-8
    points = noise.sample(100_000, rng)
    mass = np.log(np.mean(np.exp(model.log_density(fit.theta, points) - noise.constant)))
    # Its deviation is of the order of sqrt(1/8000) = 0.011.
    assert abs(mass) < 0.06
    # Held out, J is that of other points: the same within its noise.
    terms, of_noise = fitting.held_out_terms(model, fit.theta, noise, x, y, 1.0)
    assert terms.mean() + of_noise == pytest.approx(fit.value, abs=1e-12)
    # Stages: the second stops where J is back, the third is no worse.
    two, (second, third) = fitting.two_layers(fit, noise, x, y, rng, 60)
    assert third.value >= second.value - 1e-9 and third.theta.size == two.n_params
    assert second.value >= fit.value - 0.01


def test_only_what_is_free_moves():
    model, noise, rng = models.OneLayer(3), sphere.SphereNoise(3), np.random.default_rng(8)
    x, y = noise.sample(200, rng) * [2.0, 1.0, 1.0], noise.sample(200, rng)
    theta = model.pack(W=np.eye(3), b=-1.0, c=0.0)
    fit = fitting.climb(model, theta, noise, x, y, free=model.free("b", "c"), max_iterations=5)
    moved = fit.theta != theta
    assert not moved[:9].any() and moved[9:].all()


def test_patches_are_centred_whitened_and_apart():
    rng = np.random.default_rng(9)
    image = rng.standard_normal((60, 80)).cumsum(axis=1)
    image[:, 60:] = rng.standard_normal((60, 20))  # the test's part has another law
    found = patches.prepare({"one": image, "two": image.copy()}, 4, 6, 600, 50, rng)
    assert found.train.shape == (1200, 6) and found.test.shape == (100, 6)
    assert np.linalg.norm(found.train, axis=1) == pytest.approx(math.sqrt(6.0), rel=1e-6)
    assert found.pixels.T @ found.pixels == pytest.approx(np.eye(6))
    assert np.abs(found.pixels.sum(axis=0)).max() < 1e-10  # no constant among the components
    assert found.of_test.count("one") == 50 and 0.0 < found.share < 1.0
    means = found.by_photograph(np.arange(100.0))
    assert means == {"one": 24.5, "two": 74.5}
    # Rows that grow like a walk have energy in the first component; the test's white ones have less of it.
    assert np.mean(found.train[:, 0] ** 2) > 1.3 * np.mean(found.test[:, 0] ** 2)


def test_flat_patches_are_drawn_again():
    image = np.zeros((40, 40))
    image[:, 20:] = np.random.default_rng(10).standard_normal((40, 20))
    found = patches.draw(image, 4, 300, np.random.default_rng(11))
    assert found.shape == (300, 16) and (found.std(axis=1) >= patches.FLAT).all()
    assert np.abs(found.mean(axis=1)).max() < 1e-12


def test_a_photograph_whose_package_is_missing_says_so(monkeypatch):
    monkeypatch.setattr(photographs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"skimage is not installed; pip install -e '.\[images\]'"):
        photographs.photograph("camera")
    assert set(photographs.NAMES) == set(photographs.LICENCES) and len(photographs.NAMES) == 11
