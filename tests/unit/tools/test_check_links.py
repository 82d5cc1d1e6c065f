"""The link check: files and headings that are not there are found, code and addresses are left alone."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from tests.support.tools import load

PAGE = """# A page: with `code`, and (more)

## The same

## The same

```text
[not a link](nowhere.md)
## not a heading
```

<a id="by-hand"></a>
"""


@pytest.fixture
def links() -> ModuleType:
    return load("check_links")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "other.md").write_text(PAGE)
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/other.md)",
        "[a folder](docs)",
        "[a](docs/other.md#a-page-with-code-and-more)",
        "[a](docs/other.md#the-same)",
        "[a](docs/other.md#the-same-1)",
        "[a](docs/other.md#by-hand)",
        '[a](docs/other.md "with a title")',
        "[a](#here)",
        "[a\nlink over lines](docs/other.md)",
        "[a](https://example.org/nowhere#at-all) and [b](mailto:a@example.org)",
        "`[a](nowhere.md)`",
        "```text\n[a](nowhere.md)\n```",
        "[a]: docs/other.md",
    ],
)
def test_a_link_that_leads_somewhere_passes(links: ModuleType, page: Path, link: str) -> None:
    page.write_text(f"# Here\n\n{link}\n")
    assert links.problems_of(page) == []
    assert links.main([str(page)]) == 0


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("[a](nowhere.md)", "3: nowhere.md: no such file"),
        ("```text\ncode\n```\n\n[a](nowhere.md)", "7: nowhere.md: no such file"),
        ("[a](docs/other.md#the-same-2)", "3: docs/other.md#the-same-2: no such heading"),
        ("[a](docs/other.md#not-a-heading)", "no such heading"),
        ("[a](#there)", "3: #there: no such heading"),
        ("[a]: nowhere.md", "no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_found_with_its_line(
    links: ModuleType, page: Path, link: str, problem: str
) -> None:
    page.write_text(f"# Here\n\n{link}\n")
    assert [problem in found for found in links.problems_of(page)] == [True]
    assert links.main([str(page)]) == 1


def test_every_link_of_this_project_leads_somewhere(links: ModuleType) -> None:
    assert len(links.pages()) > 20
    assert links.main([]) == 0
