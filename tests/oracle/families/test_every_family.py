"""What every family owes, whichever it is: its steps are all called, its forms agree, its mistakes stand beside their
steps."""

from __future__ import annotations

import ast
import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest

from nce_ref.oracle.authoring.kills import excess
from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.families import base as families_base
from nce_ref.oracle.families.base import Steps, laid_over, replaces
from nce_ref.oracle.judge import judge
from nce_ref.oracle.mistakes import CATALOGUE, FORMER, find_mistake
from nce_ref.oracle.objectives import DIMENSIONS, EVERY, OBJECTIVES
from nce_ref.oracle.tolerance import DTYPES, K
from nce_ref.oracle.vectors import cases

FOLDER = Path(families_base.__file__).parent
COMPUTED = [objective for objective in EVERY.values() if objective.answer is not None]


def names(objectives):
    return [objective.name for objective in objectives]


def test_the_list_is_what_the_oracle_knows():
    listed = [objective for family in FAMILIES for objective in family.objectives]
    assert list(OBJECTIVES.values()) == listed and len(set(names(listed))) == len(listed)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("objective", EVERY.values(), ids=lambda objective: objective.name)
def test_an_objective_says_all_that_is_asked(objective):
    assert objective.formula and objective.source and objective.method and objective.outputs
    assert (FOLDER.parents[2] / objective.method.split(":")[0]).is_file()
    axes = {axis for shape in objective.arguments.values() for axis in shape}
    axes |= {axis for output in objective.outputs for axis in output.shape}
    assert axes <= set(DIMENSIONS)
    for output in objective.outputs:
        assert output.tolerance in K
        assert output.derivative_of is None or output.derivative_of in objective.arguments
    assert set(objective.symmetric) <= set(objective.arguments)
    if objective.kind == "estimate":
        assert objective.argmax is not None and objective.make is not None
    else:
        assert None not in (objective.exact, objective.scales, objective.right, objective.answer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", COMPUTED, ids=lambda objective: objective.name)
def test_the_right_steps_pass_every_vector(objective, dtype):
    for vector in cases(objective.name):
        outputs = objective.evaluate(objective.right, vector.arguments(dtype))
        assert judge(vector, outputs, dtype).status == "passed", vector.id
        if objective.kind == "function":  # the headroom that the calibration promises
            assert excess(objective, vector.expected, outputs, dtype) <= 0.25, vector.id


class Counted:
    """The right steps of an objective, every public step counted when it is asked for."""

    def __init__(self, right):
        self._right, self.asked = right, set()
        self._steps = type("Counting", (type(right),), {"__getattribute__": self._counting()})()

    def _counting(self):
        asked = self.asked

        def get(steps, name):
            asked.add(name)
            return object.__getattribute__(steps, name)

        return get


@pytest.mark.parametrize(
    "objective",
    [objective for objective in COMPUTED if isinstance(objective.right, Steps)],
    ids=lambda objective: objective.name,
)
def test_an_objective_calls_every_step_that_it_has(objective):
    """So that a mistake can be made wherever the step that it replaces stands: the rule that ``Mistake.is_made_at``
    goes by."""
    counted = Counted(objective.right)
    vectors = cases(objective.name)
    for vector in vectors[:: max(1, len(vectors) // 4)]:
        objective.evaluate(counted._steps, vector.arguments())
    has = {name for name in dir(objective.right) if not name.startswith("_")}
    assert has - counted.asked <= {"is_possible"}


# --- mistakes -------------------------------------------------------------------------------------


def test_a_mistake_is_made_where_its_step_stands_but_for_exceptions():
    for mistake in CATALOGUE.values():
        assert mistake.places, mistake.id
        found = [objective for objective in COMPUTED if replaces(mistake.steps, objective)]
        assert set(names(mistake.places)) <= set(names(found)), mistake.id
        if not mistake.only and not mistake.gradient:
            wrong = [
                one
                for one in found
                if mistake.id not in one.right_there and not (mistake.flat and one.layout != "flat")
            ]
            assert names(mistake.places) == names(wrong), mistake.id
        if mistake.only:
            assert set(mistake.only) <= set(EVERY), mistake.id


def test_an_exception_is_one():
    """``only`` leaves something out: else it says nothing."""
    for mistake in CATALOGUE.values():
        if mistake.only:
            found = [objective for objective in COMPUTED if replaces(mistake.steps, objective)]
            assert set(mistake.only) < set(names(found)), mistake.id


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_mistake_stands_directly_below_its_class(family):
    """One place: between a class that one record alone uses and that record stand other classes and constants, no other
    record."""
    for path in sorted((FOLDER / family.name).glob("mistakes*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        records = [
            node
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "Mistake"
        ]
        given = tree.body[-1].value
        if isinstance(given, ast.Call):  # tuple(replace(mistake, flat=True) for mistake in (...))
            given = given.args[0].generators[0].iter
        elements = []
        for element in given.elts:  # *(replace(mistake, flat=True) for mistake in (...))
            some = (
                element.value.generators[0].iter.elts
                if isinstance(element, ast.Starred)
                else [element]
            )
            elements += some
        listed = [ast.unparse(element) for element in elements]
        assert listed == [ast.unparse(record.targets[0]) for record in records], path.name
        users = {}
        for record in records:
            for name in {node.id for node in ast.walk(record) if isinstance(node, ast.Name)}:
                users.setdefault(name, []).append(record)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and len(users.get(node.name, ())) == 1:
                (record,) = users[node.name]
                between = [other for other in records if node.lineno < other.lineno < record.lineno]
                assert not between, (path.name, node.name)


def test_former_ids_lead_to_their_stems():
    assert {
        *(f"eps-in-log-1e-{k}" for k in (3, 4, 5, 6, 7, 9, 10, 12)),
        *(f"clip-prob-1e-{k}" for k in (3, 4, 5, 6, 8, 12)),
        *(f"clip-logits-{k}" for k in (10, 15, 20, 50, 100, 500)),
        *("root-abs-1e-4", "root-abs-1e-8"),
        *(f"jitter-1e-{k}" for k in (3, 4, 5, 8)),
    } <= set(FORMER)
    for former, id in FORMER.items():
        assert former not in CATALOGUE and find_mistake(former) is CATALOGUE[id]
        number = CATALOGUE[id].number
        assert former in {number.id(id, value) for value in number.known}
    with pytest.raises(ValueError, match="mistake: got 'eps-in-log-7'; expected one of"):
        find_mistake("eps-in-log-7")


def test_steps_are_laid_over_each_other():
    class One(Steps):
        def one(self):
            return 1

        def two(self):
            return self.one() + 1

    class Wrong(One):
        def __init__(self, value):
            self.value = value

        def one(self):
            return self.value

    class More(One):
        def three(self):
            return self.two() + 1

    both = laid_over(Wrong(10), More())
    assert (both.one(), both.two(), both.three()) == (10, 11, 12)
    assert More().three() == 3
    wrong = Wrong(4)
    assert laid_over(wrong, One()) is wrong


@pytest.mark.parametrize("objective", COMPUTED, ids=lambda objective: objective.name)
def test_every_mistake_can_be_laid_over(objective):
    """The order of its class's bases is that of the objective's."""
    for mistake in CATALOGUE.values():
        if objective in mistake.places:
            assert isinstance(laid_over(mistake.steps, objective.right), type(objective.right))


def test_relatives_are_of_the_newer_family():
    order = {
        name: k
        for k, family in enumerate(FAMILIES)
        for name in names((*family.objectives, *family.layouts))
    }
    for k, family in enumerate(FAMILIES):
        for relative in family.relatives:
            newest = max(order[relative.at], order.get(relative.use, 0))
            # One that names no objective to use stands with its like.
            assert newest == k or (not relative.use and newest < k), relative.id
            vector = cases(relative.at)[0]
            found = relative.evaluate(vector.arguments())
            assert set(found) <= set(vector.expected) and found
            assert all(np.shape(found[name]) == vector.expected[name].value.shape for name in found)


def test_no_class_of_a_mistake_is_imported_from_a_sibling():
    """What two files share stands in ``by_hand`` or beside the steps."""
    for family, path in itertools.chain.from_iterable(
        ((family, path) for path in (FOLDER / family.name).glob("mistakes*.py"))
        for family in FAMILIES
    ):
        source = path.read_text(encoding="utf-8")
        assert ".mistakes" not in source.replace(f"families.{family.name}.mistakes_", "#"), path


def test_the_protocol_of_a_mistake_is_documented():
    assert all(field in inspect.getdoc(families_base.Mistake) for field in ("only", "number"))
