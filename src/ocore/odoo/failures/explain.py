"""From the lines of a log to the card that explains a failure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import unescape
from typing import Final

from ocore.odoo.failures.card import FailureCard, Where
from ocore.odoo.failures.known import KILLED, SIGNATURES, Signature
from ocore.odoo.failures.known.python import SCRIPTS_PAGE
from ocore.odoo.failures.scene import Scene, excerpt, innermost_place, place, redacted, survey

_LONGEST_CAUSE: Final = 300
_SCRIPTS: Final = ("/migrations/", "/upgrades/")


def explain(
    log_lines: Sequence[str], *, modules_root: str | None, exit_code: int | None = None
) -> FailureCard | None:
    """Return why the program that wrote these lines failed; None when they tell of no failure.

    The last traceback counts, and without one the last error. `modules_root` is the directory
    that holds the user's own modules; without it they are told from Odoo's by their paths.
    An `exit_code` that tells of a signal (negative, or above 128) goes first: who is killed cannot
    say so.
    """
    scene = survey(log_lines, modules_root=modules_root)
    signal = _signal(exit_code)
    if signal is not None:
        return _recognised(scene, KILLED, f"killed by signal {signal}")
    for signature in SIGNATURES:
        for text in scene.texts:
            if signature.pattern.search(text):
                return _recognised(scene, signature, text)
    if scene.chain:
        return _unknown_exception(scene)
    return _unknown_message(log_lines, modules_root=modules_root)


def _recognised(scene: Scene, signature: Signature, text: str) -> FailureCard:
    match = signature.pattern.search(text)
    words = {key: value or "" for key, value in match.groupdict().items()} if match else {}
    cause = signature.cause.format(**words) if signature.cause else _cause(text)
    where = _completed(place(scene), words)
    return FailureCard(
        title=signature.title,
        cause=redacted(unescape(cause))[:_LONGEST_CAUSE],
        where=where,
        excerpt=excerpt(scene),
        explanation=signature.explanation.format(**words),
        suggested_fix=signature.suggested_fix.format(**words),
        retryable=signature.retryable,
        docs_url=signature.docs_url or (SCRIPTS_PAGE if _in_script(where) else None),
    )


def _completed(where: Where, words: Mapping[str, str]) -> Where:
    """Return the place with what only the message knows of it."""
    line = words.get("line") or None
    return replace(
        where,
        module=where.module or words.get("module") or None,
        line=where.line or (int(line[:9]) if line and where.file else None),
        view=where.view or words.get("view") or None,
    )


def _unknown_exception(scene: Scene) -> FailureCard:
    """Name the innermost line of the user's own code: that is where to look, whatever it was."""
    raised, where = scene.chain[0], place(scene)
    if where.file is None:
        where = replace(innermost_place(scene), module=where.module)
    kind = raised.kind.rpartition(".")[2]
    in_script = _in_script(where)
    what = "A migration script" if in_script else "Odoo"
    if where.module and not in_script:
        what = f"The module {where.module}"
    return FailureCard(
        title=f"{what} failed with {kind}",
        cause=redacted(_cause(raised.text)),
        where=where,
        excerpt=excerpt(scene),
        explanation=(
            "The script raised an exception, so Odoo stopped the update."
            if in_script
            else "An exception was raised that nobody handled."
        ),
        suggested_fix="Correct the code at the line shown; the traceback in the log tells the way.",
        retryable=False,
        docs_url=SCRIPTS_PAGE if in_script else None,
    )


def _unknown_message(lines: Sequence[str], *, modules_root: str | None) -> FailureCard | None:
    scene = survey([line for line in lines if _is_error(line)], modules_root=modules_root)
    if not scene.messages:
        return None
    return FailureCard(
        title="Odoo logged an error",
        cause=redacted(_cause(scene.messages[0])),
        where=Where(),
        excerpt=excerpt(scene),
        explanation="It is the last error in the log; no traceback came with it.",
        suggested_fix="Read the log around this line.",
        retryable=False,
    )


def _is_error(line: str) -> bool:
    return " ERROR " in line or " CRITICAL " in line


def _cause(text: str) -> str:
    """Return the first line, with the type's name but not its package."""
    first = text.strip().partition("\n")[0]
    kind, colon, message = first.partition(": ")
    if colon and " " not in kind:
        first = f"{kind.rpartition('.')[2]}: {message}"
    return first[:_LONGEST_CAUSE]


def _in_script(where: Where) -> bool:
    return where.file is not None and any(part in where.file for part in _SCRIPTS)


def _signal(exit_code: int | None) -> int | None:
    if exit_code is None:
        return None
    if exit_code < 0:
        return -exit_code
    return exit_code - 128 if 128 < exit_code < 160 else None
