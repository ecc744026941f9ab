"""The guide keeps its word: every block runs and prints what stands below it, every link leads somewhere, no page is
long."""

from __future__ import annotations

import re

import pytest

from tests.docs.guide import DOCS, as_printed, blocks

PAGES = sorted(path.name for path in DOCS.glob("*.md"))
LONGEST = 150


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_block_prints_what_stands_below_it(name):
    assert as_printed(DOCS / name) == text_of(name)


def test_another_output_is_told(tmp_path):
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    assert as_printed(tmp_path / "page.md") == page.replace("3", "2")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_something_to_look_at(name):
    text = text_of(name)
    kinds = [language for language, _ in blocks(text)]
    assert "text" in kinds or "![" in text or name == "README.md"
    assert set(kinds) <= {"python", "text", "sh"}
    assert len(text.splitlines()) < LONGEST


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", text_of(name))
    assert [link for link, _ in links if "://" not in link and not (DOCS / link).exists()] == []


def test_the_index_names_every_page_once():
    named = re.findall(r"\]\((\d\w+\.md)\)", text_of("README.md"))
    assert sorted(named) == [name for name in PAGES if name != "README.md"]
