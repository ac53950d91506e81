"""What may name a commit, decided before any program hears of it."""

import re
from typing import Final

from ocore.errors import Malformed
from ocore.source import Ref

_SHA: Final = re.compile(r"[0-9a-f]{7,40}")
# git-check-ref-format(1): no control character, space, ~ ^ : ? * [ \, no "..", no "@{", no "//".
_ILLEGAL: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def check_ref(ref: Ref) -> None:
    """Pass when the ref could name a commit; Malformed says which part of it cannot."""
    if ref.branch is None and ref.commit_sha is None and ref.tag is None:
        raise Malformed("give a branch, a tag or a commitSha", code="ref_missing", field="branch")
    if ref.commit_sha is not None and not _SHA.fullmatch(ref.commit_sha.lower()):
        raise Malformed(
            "commitSha must be 7 to 40 hexadecimal digits", code="malformed_sha", field="commitSha"
        )
    for field, name in (("branch", ref.branch), ("tag", ref.tag)):
        if name is not None and not is_ref_name(name):
            raise Malformed(
                f"{field} is not a name git allows", code=f"malformed_{field}", field=field
            )


def is_sha(name: str) -> bool:
    """Say whether a name could be that of a commit."""
    return _SHA.fullmatch(name.lower()) is not None


def is_ref_name(name: str) -> bool:
    """Say whether git allows a branch or tag of this name (git-check-ref-format(1))."""
    if not name or len(name) > 255 or name == "@" or name.startswith("-"):
        return False
    if _ILLEGAL.search(name) or name.startswith("/") or name.endswith(("/", ".")):
        return False
    return not any(part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
