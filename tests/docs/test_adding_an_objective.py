"""The page that adds an objective from nothing: its files in a copy of the package, its commands, its output."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nce_ref

PACKAGE = Path(nce_ref.__file__).parent
PAGE = PACKAGE / "oracle" / "families" / "ADDING_AN_OBJECTIVE.md"
TEXT = PAGE.read_text(encoding="utf-8")
_FILE = re.compile(r"^`([^`]*)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def ask(folder, *arguments):
    asked = [sys.executable, "-m", *arguments]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=300)


def block(language):
    """The code of the page's only block of a language."""
    return re.search(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with the page's files in it; no vectors but its own."""
    folder = tmp_path_factory.mktemp("copy")
    unread = shutil.ignore_patterns("__pycache__", "docs", "*.png")
    shutil.copytree(PACKAGE, folder / "nce_ref", ignore=unread)
    files = _FILE.findall(TEXT)
    assert len(files) == 7
    for name, code in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")
    families = folder / "nce_ref" / "oracle" / "families"
    (families / "softplus" / "__init__.py").write_text('"""The softplus."""\n', encoding="utf-8")
    line = re.search(r"^(from \S*softplus\.objectives import .*\n)^```", TEXT, re.MULTILINE)[1]
    listed = (families / "__init__.py").read_text(encoding="utf-8")
    listed = listed.replace("\n\nFAMILIES", f"\n{line}\nFAMILIES")
    listed = re.sub(r",\n\)\n$", ",\n    SOFTPLUS,\n)\n", listed)
    (families / "__init__.py").write_text(listed, encoding="utf-8")
    return folder


def test_the_page_adds_an_objective(copy):
    for line in block("sh").splitlines():
        made = ask(copy, *line.split()[2:])
        assert made.returncode == 0, made.stdout + made.stderr
    stored = (copy / "nce_ref/oracle/vectors/softplus.json").read_text(encoding="utf-8")
    assert stored.count('"softplus-of-minus-t"') >= 2 and "6.931471805599453094" in stored
    mistakes = (copy / "nce_ref/oracle/COMMON_MISTAKES.md").read_text(encoding="utf-8")
    assert "### softplus-of-minus-t" in mistakes
    checked = ask(copy, "nce_ref", "check", "losses:softplus")
    assert (checked.returncode, checked.stdout) == (1, block("text"))
