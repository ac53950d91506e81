from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocore.access import Caller, Role
from ocore.access.tokens import Tokens, hash_of, new_refresh_token
from ocore.errors import Unauthenticated
from ocore.kit import clock

SECRET = "a secret of tests that is long enough"
ANA = Caller(user_id="u1", organization_id="o1", role=Role.DEVELOPER)


@pytest.mark.parametrize("role", Role)
def test_a_token_speaks_for_who_it_was_signed_for(role: Role) -> None:
    tokens, caller = Tokens(SECRET), Caller(user_id="u1", organization_id="o1", role=role)
    assert tokens.read(tokens.sign(caller, now=clock.now())) == caller


def test_a_token_ends_with_its_lifetime() -> None:
    tokens = Tokens(SECRET, lifetime=timedelta(minutes=5))
    young = clock.now() - timedelta(minutes=4)
    assert tokens.read(tokens.sign(ANA, now=young)) == ANA
    old = clock.now() - timedelta(minutes=5, seconds=1)
    with pytest.raises(Unauthenticated) as refused:
        tokens.read(tokens.sign(ANA, now=old))
    assert refused.value.code == "token_expired"


def test_a_short_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens("x" * 31)
    Tokens("é" * 16)


def test_a_token_of_another_secret_is_not_valid() -> None:
    with pytest.raises(Unauthenticated) as refused:
        Tokens(SECRET).read(Tokens(SECRET + "!").sign(ANA, now=clock.now()))
    assert refused.value.code == "token_invalid"


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=127))
def test_a_token_with_one_changed_letter_is_not_valid(place: int, change: int) -> None:
    token = Tokens(SECRET).sign(ANA, now=clock.now())
    # The last letter of each part holds bits that Base64 throws away: it may change unnoticed.
    inner = [
        index
        for index, letter in enumerate(token)
        if letter != "." and token[index + 1 : index + 2] not in {"", "."}
    ]
    index = inner[place % len(inner)]
    changed = chr((ord(token[index]) + change) % 128)
    if changed == token[index]:
        return
    with pytest.raises(Unauthenticated):
        Tokens(SECRET).read(token[:index] + changed + token[index + 1 :])


@given(st.text(max_size=200))
def test_no_text_but_a_token_is_read(text: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(SECRET).read(text)


def test_refresh_tokens_are_long_different_and_kept_as_hashes() -> None:
    one, two = new_refresh_token(), new_refresh_token()
    assert one != two
    assert len(one) >= 43
    assert hash_of(one) == hash_of(one) != hash_of(two)
    assert one not in hash_of(one)
