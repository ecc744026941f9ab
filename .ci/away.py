"""What the README and the guide show, by the installed package and away from the checkout: away.py CHECKOUT, in an
empty folder.

Every Python block whose output stands below it must print that output; the wrong loss is written to losses.py and
judged by the command line, as a reader would. Exits 1 with what differs.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

import nce_ref

CHECKOUT = Path(sys.argv[1]).resolve()
sys.path.append(str(CHECKOUT))
from tests.docs.guide import as_printed, blocks, run  # noqa: E402  nothing of nce_ref but what is installed


def compare(name: str, shown: str, came: str) -> bool:
    if shown == came:
        return True
    print(f"{name}: what comes is not what is shown", file=sys.stderr)
    sys.stderr.writelines(
        difflib.unified_diff(shown.splitlines(True), came.splitlines(True), "shown", "came")
    )
    return False


def main() -> int:
    home = Path(nce_ref.__file__).resolve()
    if home.parent == CHECKOUT / "nce_ref":
        print(
            f"nce_ref comes from the checkout, {home}: expected the installed one", file=sys.stderr
        )
        return 1
    readme = blocks((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    python = [code for language, code in readme if language == "python"]
    text = [code for language, code in readme if language == "text"]
    right = compare("README, the example", text[0], run(python[0], {}, "README.md"))
    Path("losses.py").write_text(python[1], encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "nce_ref", "check", "losses:binary_nce"],
        capture_output=True,
        text=True,
        check=False,
    )
    right &= told.returncode == 1 and compare("README, the wrong loss", text[1], told.stdout)
    pages = sorted((home.parent / "docs").glob("*.md"))
    for page in pages:
        right &= compare(
            f"the guide, {page.name}", page.read_text(encoding="utf-8"), as_printed(page)
        )
    print(
        f"{sys.version.split()[0]}: the README and {len(pages)} pages of the guide, by the wheel:"
        f" {'right' if right else 'WRONG'}"
    )
    return 0 if right and pages else 1


if __name__ == "__main__":
    sys.exit(main())
