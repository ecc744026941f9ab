"""The comparison on real tables, tried on a made-up one; the tables themselves need scikit-learn, and say so
without."""

import numpy as np
import pytest

from paper_replication.walkthrough import tables
from paper_replication.walkthrough.experiments import real_data


@pytest.fixture(scope="module")
def table():
    """Five skewed sources in seven columns of very different units: 300 rows, of rank five and a little noise."""
    rng = np.random.default_rng(7)
    sources = rng.laplace(size=(300, 5))
    return (
        sources @ rng.standard_normal((5, 7)) + 0.1 * rng.standard_normal((300, 7))
    ) * 10.0 ** np.arange(-3, 4) + 5.0


def test_a_split_is_scaled_by_its_training_part_alone(table):
    parts = tables.split(table, np.random.default_rng(0), 4)
    assert parts.training.shape == (240, 4) and parts.test.shape == (60, 4)
    np.testing.assert_allclose(np.cov(parts.training, rowvar=False), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(
        parts.training.mean(axis=0), 0.0, atol=1e-9
    )  # the columns are centred on numbers 5e3 times their spread
    # Planted: the test rows doubled. What is said of the training part must not move.
    order = np.random.default_rng(0).permutation(300)
    spoiled = table.copy()
    spoiled[order[:60]] *= 2.0
    again = tables.split(spoiled, np.random.default_rng(0), 4)
    np.testing.assert_array_equal(again.training, parts.training)
    assert not np.allclose(again.test, parts.test)


def test_models_are_compared_on_the_same_points(table):
    result = tables.compare_models(
        tables.split(table, np.random.default_rng(0), 4), np.random.default_rng(1), epochs=5
    )
    assert set(result) >= {
        f"{m}.{q}"
        for m in tables.MODELS
        for q in ("loss", "advantage", "log_mass", "mass_error", "n_params")
    }
    assert [result[f"{m}.n_params"] for m in tables.MODELS] == [11.0, 17.0, 369.0]
    assert result["gaussian.converged"] and result["ica.converged"]
    # A normalised model's c is -ln Z: within five of its standard errors.
    for m in ("gaussian", "ica"):
        assert (
            0.0 < result[f"{m}.mass_error"]
            and abs(result[f"{m}.log_mass"]) < 5.0 * result[f"{m}.mass_error"]
        )


def test_tables_are_named_or_missed_in_one_line(monkeypatch):
    with pytest.raises(ValueError, match="there is no 'iris'; there are wine, breast_cancer"):
        tables.load_table("iris")
    monkeypatch.setattr(tables, "sklearn_is_here", lambda: False)
    with pytest.raises(
        ValueError,
        match=r"scikit-learn is not installed; pip install -e '.\[walkthrough\]' brings it",
    ):
        real_data.run({"table": "wine"}, np.random.default_rng(0))
