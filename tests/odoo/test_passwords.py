"""Passwords as Odoo keeps them: which one is behind a hash."""

import pytest

from ocore.odoo.passwords import is_hash_of, password_hash

# Made by passlib 1.7.4, which Odoo uses: pbkdf2_sha512.using(rounds=1000).hash("librarian").
PASSLIB = (
    "$pbkdf2-sha512$1000$Yizl/J9zjnGOUepdqzXG2A$m.cQJCVwbBRdGqHmJ"
    "w8EVfmnaa/SpLpkr8.pXAlfLpZTtBIjcQdRn2cxZ/SCCwCzY9fB5sVwJT1G7nt8Ituraw"
)


def test_what_was_hashed_is_known_again_and_nothing_else() -> None:
    stored = password_hash("librarian", b"salt")
    assert is_hash_of("librarian", stored)
    assert not is_hash_of("Librarian", stored)


def test_a_hash_that_odoo_made_is_known_with_its_own_rounds() -> None:
    assert is_hash_of("librarian", PASSLIB)
    assert not is_hash_of("librarian ", PASSLIB)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "librarian",
        PASSLIB.replace("sha512", "sha256"),
        PASSLIB.replace("$1000$", "$9999999999$"),
        PASSLIB.replace("$1000$", "$-1$"),
        PASSLIB[:-1],
        PASSLIB.replace("$Yizl", "$_izl"),
        PASSLIB.replace("$Yizl", "$Yizlx"),
        PASSLIB.replace("$1000$", "$1000$x"),
    ],
)
def test_what_is_no_such_hash_is_nobodys(stored: str) -> None:
    assert not is_hash_of("librarian", stored)
