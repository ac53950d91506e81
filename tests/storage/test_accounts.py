from datetime import timedelta

import pytest

from ocore.errors import Conflict
from ocore.kit import clock
from ocore.storage.accounts import PostgresAccounts
from tests.storage.records import Records


async def test_an_address_is_known_in_any_letter_case(records: Records) -> None:
    accounts = PostgresAccounts(records.pool)
    found = await accounts.by_email("oWNER@ACME.example")
    assert found is not None
    assert found.organization_id == records.acme.organization_id
    assert await accounts.by_id(found.user_id) == found
    assert await accounts.by_email("nobody@acme.example") is None


async def test_an_address_has_one_account(records: Records) -> None:
    accounts = PostgresAccounts(records.pool)
    taken = await accounts.by_email("owner@acme.example")
    assert taken is not None
    with pytest.raises(Conflict, match="has an account already"):
        await accounts.add(taken, organization_name="again")


async def test_a_refresh_token_is_exchanged_once_and_its_thief_ends_the_session(
    records: Records,
) -> None:
    accounts, now = PostgresAccounts(records.pool), clock.now()
    user = await accounts.by_email("owner@acme.example")
    assert user is not None
    later = now + timedelta(days=1)
    await accounts.open_session(user.user_id, "one", expires_at=later)
    assert await accounts.rotate_session("one", "two", now=now, expires_at=later) == user.user_id
    assert await accounts.rotate_session("one", "evil", now=now, expires_at=later) is None
    assert await accounts.rotate_session("two", "three", now=now, expires_at=later) is None


async def test_an_expired_or_unknown_token_is_of_no_use(records: Records) -> None:
    accounts, now = PostgresAccounts(records.pool), clock.now()
    user = await accounts.by_email("owner@acme.example")
    assert user is not None
    await accounts.open_session(user.user_id, "old", expires_at=now)
    assert await accounts.rotate_session("old", "new", now=now, expires_at=now) is None
    assert await accounts.rotate_session("never", "new", now=now, expires_at=now) is None
