"""What is said today of those of ``tests/oracle/blind/family`` that are in NumPy and cheap; README.md there has the
whole table."""

from __future__ import annotations

import pytest

from tests.oracle.blind.family.verdicts import key, verdict

NAMED = {
    "bf-02.py": "class-nce-no-log-k",
    "bf-13.py": "pullback-length-detached",
    "bf-41.py": "siglip-labels-0",
    "bf-44.py": "sup-con-alone-as-zero",
}
UNNAMED = ("bf-27.py",)  # found, and without a name
RIGHT = ("bf-14.py", "bf-20.py", "bf-31.py", "bf-34.py")


@pytest.mark.parametrize("file", [*NAMED, *UNNAMED, *RIGHT])
def test_the_verdict_is_the_recorded_one(file):
    (record,) = [record for record in key() if record["file"] == file]
    assert record["framework"] == "numpy"
    for dtype in ("float64", "float32"):
        found = verdict(record, dtype)
        assert found["ok"] is record["right"] is (file in RIGHT), found
        assert found["named"] == ([NAMED[file]] if file in NAMED else []), found
