"""From what git, an installer or Docker printed to the card that explains their failure."""

import re
from collections.abc import Sequence

from ocore.odoo.failures.card import FailureCard, Where
from ocore.odoo.failures.known import TOOL_SIGNATURES, Signature
from ocore.odoo.failures.scene import redacted
from ocore.odoo.logs.reader import plain

_MOST_LINES, _LONGEST_LINE = 150, 800
_LONGEST_CAUSE, _LONGEST_EXCERPT = 300, 1_500
_BEFORE, _AFTER = 2, 6


def explain_tool(lines: Sequence[str], *, otherwise: str) -> FailureCard:
    """Return why a program around Odoo failed; one that nobody knows is called `otherwise`.

    Its last line is the reason that was given.
    """
    clean = [_clean(line) for line in lines[-_MOST_LINES:]]
    text = "\n".join(clean)
    for signature in TOOL_SIGNATURES:
        if match := signature.pattern.search(text):
            return _recognised(signature, match, clean)
    return FailureCard(
        title=otherwise,
        cause=redacted(clean[-1])[:_LONGEST_CAUSE] if clean else "nothing was said",
        where=Where(),
        excerpt=redacted("\n".join(clean[-_AFTER:]))[:_LONGEST_EXCERPT],
        explanation="The program ended with an error that has no explanation here yet.",
        suggested_fix="Read the end of this step's log.",
        retryable=False,
    )


def _recognised(signature: Signature, match: re.Match[str], lines: Sequence[str]) -> FailureCard:
    words = {key: value or "" for key, value in match.groupdict().items()}
    line = words.get("line") or None
    cause = signature.cause.format(**words) if signature.cause else match[0].partition("\n")[0]
    return FailureCard(
        title=signature.title,
        cause=redacted(" ".join(cause.split()))[:_LONGEST_CAUSE],
        where=Where(file=signature.file, line=int(line[:9]) if line else None),
        excerpt=_around(match, lines),
        explanation=signature.explanation.format(**words),
        suggested_fix=signature.suggested_fix.format(**words),
        retryable=signature.retryable,
        docs_url=signature.docs_url,
    )


def _around(match: re.Match[str], lines: Sequence[str]) -> str:
    """Return the lines around what was recognised."""
    at = match.string.count("\n", 0, match.start())
    shown = lines[max(0, at - _BEFORE) : at + _AFTER]
    return redacted("\n".join(line for line in shown if line.strip()))[:_LONGEST_EXCERPT]


def _clean(line: str) -> str:
    return plain(line[:_LONGEST_LINE].encode(errors="replace")).decode(errors="replace").rstrip()
