import pytest

from ocore.deployments.ledger import Lease
from ocore.errors import LeaseLost
from ocore.storage.transcripts import PostgresTranscripts
from tests.storage.records import Records


async def claimed(records: Records) -> Lease:
    await records.ask()
    lease = await records.ledger().claim("w1")
    assert lease is not None
    return lease


async def test_what_was_written_is_read_byte_for_byte(records: Records) -> None:
    lease, transcripts = await claimed(records), PostgresTranscripts(records.pool)
    written = [b"one\n", b"two\nthree\n", b"\n", b"\xff\x00four\n"]
    numbers = [
        await transcripts.append(lease.deployment_id, lease.term, content) for content in written
    ]
    assert numbers == [1, 3, 4, 5]
    chunks = await transcripts.read(lease.deployment_id, after_line=0, limit=100)
    assert b"".join(chunk.content for chunk in chunks) == b"".join(written)


@pytest.mark.parametrize("after", range(7))
async def test_reading_on_repeats_no_line_and_leaves_none_out(records: Records, after: int) -> None:
    lease, transcripts = await claimed(records), PostgresTranscripts(records.pool)
    for content in (b"1\n2\n3\n", b"4\n", b"5\n6\n"):
        await transcripts.append(lease.deployment_id, lease.term, content)
    chunks = await transcripts.read(lease.deployment_id, after_line=after, limit=100)
    rest = b"".join(chunk.content for chunk in chunks)
    assert rest == b"".join(b"%d\n" % number for number in range(after + 1, 7))
    if chunks:
        assert chunks[0].first_line == after + 1


async def test_another_term_writes_nothing(records: Records) -> None:
    lease, transcripts = await claimed(records), PostgresTranscripts(records.pool)
    with pytest.raises(LeaseLost):
        await transcripts.append(lease.deployment_id, lease.term - 1, b"late\n")
    assert await transcripts.read(lease.deployment_id, after_line=0, limit=1) == ()
