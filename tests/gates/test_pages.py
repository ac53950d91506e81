from pathlib import Path

from ocore.gates.pages import pages

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_pages_are_those_of_the_tables_that_check() -> None:
    made = pages()
    written = {name: (REFERENCE / name).read_text() for name in made}
    assert written == made, "python -m ocore.gates.pages docs/reference"


def test_there_is_no_page_about_what_is_gone() -> None:
    made = {name for name in pages() if name.endswith(".md")}
    kept = {
        path.relative_to(REFERENCE).as_posix()
        for folder in ("gates", "findings")
        for path in (REFERENCE / folder).glob("*.md")
    }
    assert kept == made
