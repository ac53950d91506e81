import pytest

from ocore.access import passwords
from ocore.access.passwords import LONGEST_PASSWORD, hashed, matches


async def test_a_password_matches_its_own_hash_and_no_other_does() -> None:
    kept = await hashed("correct horse")
    assert await matches("correct horse", kept)
    assert not await matches("correct horses", kept)
    assert not await matches("", kept)


async def test_what_is_kept_is_argon2id_at_the_cost_owasp_names_and_salted() -> None:
    one, two = await hashed("correct horse"), await hashed("correct horse")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != two
    assert "correct horse" not in one


@pytest.mark.parametrize("password", ["pässwörd 🐎", "a\0b", " ", "x" * LONGEST_PASSWORD])
async def test_any_text_may_be_a_password(password: str) -> None:
    assert await matches(password, await hashed(password))


async def test_an_overlong_password_is_wrong_without_being_hashed() -> None:
    endless = "x" * (LONGEST_PASSWORD + 1)
    assert not await matches(endless, await hashed(endless))


@pytest.mark.parametrize("kept", [None, "", "correct horse", "$argon2id$x", "$2b$12$abc"])
async def test_without_a_good_hash_no_password_is_right(kept: str | None) -> None:
    assert not await matches("correct horse", kept)


async def test_an_unknown_user_costs_as_much_as_a_known_one() -> None:
    """Or the time of an answer would tell who has an account."""
    kind_and_cost = slice(1, 4)
    kept = (await hashed("correct horse")).split("$")
    assert passwords._DECOY.split("$")[kind_and_cost] == kept[kind_and_cost]
