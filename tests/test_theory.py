"""THEORY.md keeps its promises: sections that docstrings send the reader to, names that exist, numbers that the code
gives.

Each check is a function of the text that lists what is wrong, so that planted slips can be seen to fail.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import nce_ref as nr

PACKAGE = Path(nr.__file__).parent
TEXT = (PACKAGE / "THEORY.md").read_text(encoding="utf-8")
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}


def references() -> set[str]:
    """Titles in docstrings and comments: 'THEORY.md, *Title*', over line breaks."""
    found = re.findall(r"THEORY\.md,\s+(?:#\s+)?\*([^*]+)\*", "\n".join(SOURCES.values()))
    return {" ".join(title.split()) for title in found}


def missing_titles(text: str) -> set[str]:
    titles = re.findall(r"^#+ (?:\d+\. )?(.+)$", text, flags=re.MULTILINE)
    return references() - set(titles)


def names(sources: dict[str, str]) -> set[str]:
    """Everything the glossary may call a name: 'f', 'Class', 'Class.attribute', and 'f(argument)' of each function."""
    found: set[str] = set()

    def arguments(prefix: str, function: ast.FunctionDef) -> None:
        listed = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        found.update(
            {prefix + function.name, *(f"{prefix}{function.name}({a.arg})" for a in listed)}
        )

    for source in sources.values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef):
                arguments("", node)
            elif isinstance(node, ast.ClassDef):
                found.add(node.name)
                for part in node.body:
                    if isinstance(part, ast.FunctionDef):
                        arguments(f"{node.name}.", part)
                    elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        found.add(f"{node.name}.{part.target.id}")
                found.update(f"{node.name}.{a}" for a in _assigned_to_self(node))
    return found


def _assigned_to_self(node: ast.ClassDef) -> Iterator[str]:
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Attribute)
            and isinstance(part.ctx, ast.Store)
            and isinstance(part.value, ast.Name)
            and part.value.id == "self"
        ):
            yield part.attr


def rows(text: str, first_cell: str) -> list[list[str]]:
    """The cells of the table whose head begins with ``first_cell``, head included, rule left out."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |"))
    end = next(
        i for i in range(start, len(lines) + 1) if i == len(lines) or not lines[i].startswith("|")
    )
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]
    return table[:1] + table[2:]


def unknown_names(text: str) -> set[str]:
    head, *body = rows(text, "symbol")
    column = head.index("name in code")
    listed = [re.findall(r"`([^`]+)`", row[column]) for row in body]
    assert len(body) >= 25
    assert all(len(row) == len(head) for row in body)
    assert all(listed), "a row of the glossary has no name"
    return {name for row in listed for name in row} - names(SOURCES)


def unknown_files(text: str) -> set[str]:
    listed = set(re.findall(r"`([a-z_/]+\.py)`", text))
    assert len(listed) >= 12
    here = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in (PACKAGE.parent / "tests").glob("*.py")
    }
    return listed - set(SOURCES) - here


def agrees(shown: str, value: float) -> bool:
    """Whether ``value`` rounds to the decimals shown: half a unit of the last one, and an integral error of 1e-12
    relative."""
    shown = shown.replace("−", "-")
    decimals = len(shown.partition(".")[2])
    exact = (
        decimals == 0
    )  # a number without decimals is meant exactly: 1e-12 relative, the stated error of the integrals
    return abs(value - float(shown)) <= (0.0 if exact else 0.5 * 10.0**-decimals) + 1e-12 * max(
        1.0, abs(value)
    )


def _limit(nu: float, n: int = 4, noise: object = None) -> tuple[float, float]:
    """K and Var(c) at B = I, where ||B||^2 = n, with the noise matched unless given."""
    model = nr.LaplaceICA(n_sources=n)
    noise = nr.GaussianNoise(np.zeros(n), np.eye(n)) if noise is None else noise
    variances = np.diag(
        nr.asymptotic_covariance(
            model, model.normalize(model.pack(np.eye(n), 0.0)), noise, nu
        ).covariance
    )
    return float(variances[:-1].sum()) / n, float(variances[-1])


def _chance(nu: float) -> float:
    return nr.nce_from_log_ratios([0.0], [0.0] * round(nu), nu=nu)[0]


def _directions(sign: float) -> float:
    """Eigenvalues of that sign of the Hessian of ln|det B|, at a B that is nothing special."""
    model = nr.LaplaceICA(n_sources=4)
    theta = model.pack(np.random.default_rng(0).standard_normal((4, 4)), 0.0)
    return float(
        (sign * np.linalg.eigvalsh(-model.log_normalizer_hessian(theta)[:-1, :-1]) > 0.0).sum()
    )


CONSTANTS: dict[str, Callable[[], float]] = {
    "chance value of J at ν = 1": lambda: _chance(1.0),
    "chance value of J at ν = 10": lambda: _chance(10.0),
    "K of maximum likelihood, n = 2": lambda: _limit(np.inf, n=2)[0],
    "K at ν = 1 with p_n = p_d, n = 4": lambda: _limit(1.0, noise=nr.LaplaceICANoise(np.eye(4)))[0],
    "upward directions of ln det B (absolute value inside), n = 4": lambda: _directions(1.0),
    "downward directions of the same": lambda: _directions(-1.0),
}


def wrong_numbers(text: str) -> list[str]:
    found = []
    (_, *nus), *table = rows(text, "ν")
    assert [row[0] for row in table] == ["K", "K/K_∞", "Var(ĉ)"]
    for column, nu in enumerate(nus, start=1):
        K, variance = _limit(float(nu.replace("∞", "inf")))
        for row, value in zip(
            table, (K, K / 3.0, variance)
        ):  # K = 1 + 2(n-1)/3 = 3 in the limit, which the last column checks
            if not agrees(row[column], value):
                found.append(f"{row[0]} at nu = {nu}: {row[column]}, the code gives {value:.10g}")
    _, *constants = rows(text, "constant")
    assert {name for name, _ in constants} == set(CONSTANTS)
    for name, shown in constants:
        value = CONSTANTS[name]()
        if not agrees(shown, value):
            found.append(f"{name}: {shown}, the code gives {value:.10g}")
    return found


def test_every_section_that_a_docstring_names_exists():
    assert {"Kinks and certificates", "One formula for a whole family of mistakes"} <= references()
    assert not missing_titles(TEXT)


def test_every_name_of_the_glossary_and_every_file_exists():
    assert not unknown_names(TEXT)
    assert not unknown_files(TEXT)


def test_the_numbers_are_those_of_the_code():
    assert not wrong_numbers(TEXT)


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (missing_titles, "## 7. Kinks and certificates", "## 7. Kinks"),
        (unknown_names, "`NCEObjective.nu`", "`NCEObjective.ratio`"),
        (
            unknown_names,
            "`nce_from_log_ratios(log_ratio_noise)`",
            "`nce_from_log_ratios(noise_log_ratio)`",
        ),
        (unknown_files, "`optimize/certificate.py`", "`optimize/certify.py`"),
        (wrong_numbers, "8.3300812", "8.3300822"),
        (wrong_numbers, "| 131.7 |", "| 131.8 |"),
        (wrong_numbers, "−1.3862944", "1.3862944"),
        (
            wrong_numbers,
            "| downward directions of the same | 10 |",
            "| downward directions of the same | 9 |",
        ),
    ],
)
def test_a_planted_slip_is_seen(check, right, wrong):
    assert right in TEXT
    assert check(TEXT.replace(right, wrong))


def headings():
    return re.findall(r"(?m)^## (.*)$", TEXT)


def test_the_contents_lead_to_every_section_in_the_readers_order():
    links = re.findall(r"\[([^\]]*)\]\(#([^)]*)\)", TEXT.split("\n## ", 1)[0])
    assert [title for title, _ in links] == headings()
    for title, anchor in links:
        # As GitHub makes it: lower case, without punctuation, a hyphen for each space.
        assert anchor == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    places = [title.split(". ")[1] for title in headings()]
    assert places.index("Asymptotics") < places.index("Kinks and certificates")


def test_paragraphs_and_equations_carry_the_number_of_their_section():
    for number, body in re.findall(r"(?ms)^## (\d+)\. (.*?)(?=^## |\Z)", TEXT):
        inside = re.findall(r"(?m)^\*\*(\d+)\.\d+ ", body)
        inside += re.findall(r"(?m) {3,}\((\d+)\.\d+\)(?:\s|$)", body)
        assert set(inside) <= {number}


def test_every_section_opens_with_what_it_is_for():
    for title, body in re.findall(r"(?ms)^## (.*?)\n\n(.*?)(?=^## |\Z)", TEXT):
        opening = body.split("\n\n")[0]
        assert opening.endswith(".") and len(opening) > 30 and "iles:" not in opening, title


def test_theory_stays_short():
    # Kinks and their proofs are a third of it; thirty lines are contents and what each section is for.
    assert TEXT.count("\n") <= 480
