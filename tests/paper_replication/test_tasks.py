"""Tasks: canonical parameters, experiments found or refused, results checked."""

import numpy as np
import pytest

from paper_replication.tasks import (
    Key,
    Task,
    canonical,
    finite_result,
    load_experiment,
    make_task,
    perform,
)


def test_equal_parameters_are_equal_strings():
    assert canonical({"b": 1, "a": 0.1}) == canonical({"a": 0.1, "b": 1}) == '{"a":0.1,"b":1}'


@pytest.mark.parametrize("params", [{"x": float("nan")}, {"x": float("inf")}, {"x": {1, 2}}])
def test_parameters_without_a_spelling_are_refused(params):
    with pytest.raises(ValueError, match="params: got"):
        canonical(params)


def test_a_task_repeats_itself_and_no_other():
    task = make_task("fake_experiment", {"n_data": 5}, 0)
    assert task.key == Key("fake_experiment", 3, '{"n_data":5}', 0) and task.cost == 0.005
    assert (
        perform(task)[0]
        == perform(task)[0]
        != perform(make_task("fake_experiment", {"n_data": 5}, 1))[0]
    )


def test_a_name_outlives_the_path_of_its_module():
    by_path, named = (
        make_task("fake_experiment", {"n_data": 5}, 0, name=name) for name in ("", "committed.name")
    )
    assert named.key == Key("committed.name", 3, '{"n_data":5}', 0)
    again = Task(named.key, module="fake_experiment")
    assert perform(named)[0] == perform(again)[0] != perform(by_path)[0]


def test_a_task_of_another_version_is_refused():
    with pytest.raises(ValueError, match="the code is of version 3, the task of version 2"):
        perform(Task(Key("fake_experiment", 2, "{}", 0)))


def test_experiments_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no module named 'nothing_of_the_kind'"):
        load_experiment("nothing_of_the_kind")
    with pytest.raises(ValueError, match="lacks run"):
        load_experiment("json")


def test_results_become_plain_floats():
    assert finite_result({"a": np.float64(0.5), "b": 3, "c": np.bool_(True)}) == {
        "a": 0.5,
        "b": 3.0,
        "c": 1.0,
    }
    with pytest.raises(ValueError, match="no entries"):
        finite_result({})
