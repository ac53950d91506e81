"""Writes the page of known failures from the table that recognises them."""

import sys
from pathlib import Path

from ocore.odoo.failures.known import KILLED, SIGNATURES, TOOL_SIGNATURES
from ocore.odoo.failures.known.signature import Signature

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "failures.md"
HEAD = """\
# Known failures

What a failure card can say, in the order in which its words are looked for: what comes first
explains what comes after it. A failure that is not listed is told by the innermost line of your
own modules. `scripts/failures_page.py` writes this page from the code.

Each was caused for real, on Odoo 19 and 14, PostgreSQL 18, git, uv, pip and Docker; the logs are the
tests' (`tests/odoo/failures/logs`), and `python -m tests.odoo.failures.cause` causes them again.
"""


def page() -> str:
    sections = {
        "Of Odoo, its modules and its database": (KILLED, *SIGNATURES),
        "Of git, Python packages and Docker": TOOL_SIGNATURES,
    }
    parts = [HEAD]
    for title, signatures in sections.items():
        parts.append(f"## {title}\n")
        parts.extend(entry(each) for each in unique(signatures))
    return "\n".join(parts)


def unique(signatures: tuple[Signature, ...]) -> list[Signature]:
    return list({(each.title, each.explanation): each for each in signatures}.values())


def entry(signature: Signature) -> str:
    more = f" [More]({signature.docs_url})." if signature.docs_url else ""
    retry = " Trying again may help." if signature.retryable else ""
    explanation = readable(signature.explanation)
    fix = readable(signature.suggested_fix)
    return f"**{signature.title}.** {explanation}\n*{fix}*{retry}{more}\n"


def readable(text: str) -> str:
    """Return the text with its placeholders as words, and its braces as they are meant."""
    braces = text.replace("{{", "\0").replace("}}", "\1")
    return braces.replace("{", "(").replace("}", ")").replace("\0", "{").replace("\1", "}")


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}\n")
