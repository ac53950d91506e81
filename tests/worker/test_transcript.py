from dataclasses import dataclass, field

from ocore.deployments.ledger import Lease
from ocore.transcripts import Chunk
from ocore.worker.transcript import MASK, Transcript

LEASE = Lease(deployment_id="d1", worker="w1", term=7)


@dataclass
class Paper:
    """Transcripts on a sheet; the real ones have their tests on PostgreSQL."""

    written: list[bytes] = field(default_factory=list)

    async def append(self, deployment_id: str, term: int, content: bytes) -> int:
        assert (deployment_id, term) == ("d1", 7)
        self.written.append(content)
        return len(self.written)

    async def read(self, _deployment_id: str, *, after_line: int, limit: int) -> tuple[Chunk, ...]:
        raise AssertionError((after_line, limit))


async def test_lines_are_stored_in_order_each_with_one_newline() -> None:
    paper = Paper()
    transcript = Transcript(paper, LEASE, ())
    transcript.say("one")
    transcript.say("two\nthree")
    transcript.say("")
    await transcript.flush()
    assert b"".join(paper.written) == b"one\ntwo\nthree\n\n"


async def test_nothing_said_stores_nothing() -> None:
    paper = Paper()
    await Transcript(paper, LEASE, ()).flush()
    assert paper.written == []


async def test_secrets_never_reach_the_log_whatever_they_contain() -> None:
    paper = Paper()
    transcript = Transcript(paper, LEASE, ["s3cret", "s3cret-and-more", ""])
    transcript.say("cloning https://ana:s3cret-and-more@git.example, then s3cret")
    await transcript.flush()
    assert paper.written == [f"cloning https://ana:{MASK}@git.example, then {MASK}\n".encode()]
