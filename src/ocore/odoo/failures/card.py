"""The failure card: why something failed, in words that help whoever reads them."""

import hashlib
from dataclasses import dataclass

from ocore.odoo.logs.masking import masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place of a failure, as far as it is known.

    `file` begins with the directory of its module; `record` and `view` are external ids.
    """

    module: str | None = None
    file: str | None = None
    line: int | None = None
    record: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCard:
    """One failure. `retryable` says whether the same deployment could succeed when tried again."""

    title: str
    cause: str
    where: Where
    excerpt: str
    explanation: str
    suggested_fix: str
    retryable: bool
    docs_url: str | None = None

    @property
    def fingerprint(self) -> str:
        """Equal for failures that differ only in ids, numbers, paths and line numbers."""
        same = (self.title, self.where.file or "", self.where.record or "", masked(self.cause))
        return hashlib.sha256("\n".join(same).encode(errors="replace")).hexdigest()[:16]

    def as_json(self) -> dict[str, object]:
        return {
            "title": self.title,
            "cause": self.cause,
            "where": {
                "module": self.where.module,
                "file": self.where.file,
                "line": self.where.line,
                "record": self.where.record,
                "view": self.where.view,
            },
            "excerpt": self.excerpt,
            "explanation": self.explanation,
            "suggestedFix": self.suggested_fix,
            "retryable": self.retryable,
            "docsUrl": self.docs_url,
            "fingerprint": self.fingerprint,
        }


def headline(card: FailureCard) -> str:
    """Return the one sentence on a failure: the place, as far as known, and the cause."""
    where = card.where
    if where.file and where.line:
        return f"{where.file} line {where.line}: {card.cause}"
    place = where.file or where.module
    return f"{place}: {card.cause}" if place else f"{card.title}: {card.cause}"
