"""One spelling of a decimal, one layout of a file, one string of bytes of an NPZ."""

from __future__ import annotations

import json
import random
import time
from decimal import Decimal

import numpy as np
import pytest

from nce_ref.oracle.authoring.layout import to_npz, to_text
from nce_ref.oracle.numbers.spelling import each, spell, spell_hex


@pytest.mark.parametrize(
    "number, text",
    [
        ("0.25", "2.5E-1"),
        ("-1", "-1E+0"),
        ("100", "1E+2"),
        ("1E+2", "1E+2"),
        ("-0", "0"),
        ("0E-50", "0"),
        ("7.1245764067412855E-218", "7.1245764067412855E-218"),
        ("-0.00012300", "-1.23E-4"),
        ("12345678901234567890.5", "1.23456789012345678905E+19"),
    ],
)
def test_a_decimal_has_one_spelling(number, text):
    assert spell(Decimal(number)) == text
    assert Decimal(text) == Decimal(number)


def test_spelling_keeps_the_number_and_its_own_spelling():
    draw = random.Random(1)
    for _ in range(200):
        number = Decimal(draw.randrange(-(10**40), 10**40)).scaleb(draw.randrange(-900, 300))
        assert Decimal(spell(number)) == number
        assert spell(Decimal(spell(number))) == spell(number)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_not_finite_is_refused(number):
    with pytest.raises(ValueError, match="decimal: got"):
        spell(Decimal(number))


def test_hex_is_the_nearest_float_and_never_minus_zero():
    assert spell_hex(Decimal("0.1")) == (0.1).hex()
    assert spell_hex(Decimal("-1E-400")) == "0x0.0p+0"
    assert spell_hex(Decimal("4.9E-324")) == "0x0.0000000000001p-1022"


def test_the_layout_puts_an_array_on_a_line_and_a_long_list_of_text_one_a_line():
    test = {
        "inputs": {"t": [0.1] * 60, "B": [[1.0, 2.0], [3.0, 4.0]]},
        "decimal": ["1.5E+0" * 7] * 9,
        "kills": ["no-log-nu"] * 30,
    }
    content = {"format": 1, "groups": [{"tests": [test]}]}
    text = to_text(content)
    assert json.loads(text) == content
    lines = [line.strip() for line in text.splitlines()]
    assert f'"t": {json.dumps([0.1] * 60)},' in lines
    assert '"B": [[1.0, 2.0], [3.0, 4.0]]' in lines
    assert sum("1.5E+0" in line for line in lines) == 9
    assert sum("no-log-nu" in line for line in lines) == 4  # 30 words of 13 characters
    assert all(len(line) <= 140 for line in text.splitlines() if "no-log-nu" in line)


def test_an_npz_is_the_same_bytes_whenever_and_in_whatever_order_it_is_written(monkeypatch):
    arrays = {"b:x": np.arange(6.0).reshape(2, 3), "a:y": np.ones(4)}
    first = to_npz(arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert to_npz(dict(reversed(arrays.items()))) == first
    assert to_npz({**arrays, "a:y": np.zeros(4)})[1] != first[1]


def test_each_keeps_the_nesting():
    assert each(str, [[1, 2], [3]]) == [["1", "2"], ["3"]]
    assert each(str, 1) == "1"
