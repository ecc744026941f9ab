"""Streams from names: distinct, stable, and free of the order in which they are asked for."""

import numpy as np
import pytest

from paper_replication.seeds import generator_for


def test_equal_names_give_equal_streams():
    np.testing.assert_array_equal(
        generator_for("figure1", 250, 3).random(5), generator_for("figure1", 250, 3).random(5)
    )


def test_different_names_give_different_streams():
    names = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc",),
        ("a", "b", "c"),
        ("1",),
        (1,),
        (11,),
        (1, 1),
        ("1", 1),
        (-1,),
        ("",),
        ("", ""),
    ]
    draws = {tuple(generator_for(*name).integers(0, 2**63, 4)) for name in names}
    assert len(draws) == len(names)


def test_the_stream_is_frozen():
    # A change of these numbers would make every stored run unrepeatable: raise every EXPERIMENT_VERSION with it.
    assert generator_for("figure1", '{"n_data":250}', 0).integers(0, 2**32, 3).tolist() == [
        1920360341,
        1169421828,
        3077013517,
    ]


def test_streams_look_independent():
    # 400 streams of 50 draws: the largest of the correlations with stream 0 exceeds 0.65 with chance below 1e-4 (z =
    # 4.6 a pair).
    draws = np.array([generator_for("run", k).standard_normal(50) for k in range(400)])
    assert np.abs(np.corrcoef(draws)[0, 1:]).max() < 0.65


@pytest.mark.parametrize("names", [(), (1.5,), (True,), (None,), ("a", b"b")])
def test_other_names_are_refused(names):
    with pytest.raises(ValueError, match="names: got"):
        generator_for(*names)
