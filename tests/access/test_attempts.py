from datetime import UTC, datetime, timedelta

import pytest

from ocore.access.signin import Attempts, TooManyAttempts

NOW = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
ADDRESS, EMAIL = "192.0.2.7", "ana@acme.example"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def filled(*, most: int = 3) -> Attempts:
    attempts = Attempts(most=most, window=timedelta(seconds=60))
    for second in range(most):
        attempts.begin(ADDRESS, EMAIL, now=after(second))
    return attempts


def test_one_attempt_too_many_is_refused() -> None:
    with pytest.raises(TooManyAttempts) as refused:
        filled().begin(ADDRESS, EMAIL, now=after(3))
    assert refused.value.retry_after == 57
    assert "57 seconds" in str(refused.value)


@pytest.mark.parametrize("second", [3, 3.1, 3.5, 3.9, 59.99])
def test_who_waits_as_long_as_told_is_let_in(second: float) -> None:
    attempts = filled()
    with pytest.raises(TooManyAttempts) as refused:
        attempts.begin(ADDRESS, EMAIL, now=after(second))
    attempts.begin(ADDRESS, EMAIL, now=after(second + refused.value.retry_after))


def test_the_window_slides() -> None:
    attempts = filled()
    attempts.begin(ADDRESS, EMAIL, now=after(60))
    with pytest.raises(TooManyAttempts):
        attempts.begin(ADDRESS, EMAIL, now=after(60.5))
    attempts.begin(ADDRESS, EMAIL, now=after(61))


def test_a_refused_attempt_does_not_make_the_wait_longer() -> None:
    attempts = filled()
    for second in range(3, 60):
        with pytest.raises(TooManyAttempts):
            attempts.begin(ADDRESS, EMAIL, now=after(second))
    attempts.begin(ADDRESS, EMAIL, now=after(60))


def test_the_letter_case_of_an_address_is_no_way_around() -> None:
    with pytest.raises(TooManyAttempts):
        filled().begin(ADDRESS, EMAIL.upper(), now=after(3))


def test_others_are_not_held_up() -> None:
    attempts = filled()
    attempts.begin(ADDRESS, "ben@acme.example", now=after(3))
    attempts.begin("192.0.2.8", EMAIL, now=after(3))


def test_a_right_password_forgives() -> None:
    attempts = filled()
    attempts.forgive(ADDRESS, EMAIL.upper())
    attempts.begin(ADDRESS, EMAIL, now=after(3))


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    attempts = Attempts(most=1)
    for number in range(10_001):
        attempts.begin(ADDRESS, f"user{number}@acme.example", now=NOW)
    assert len(attempts._failures) == 10_000
    attempts.begin(ADDRESS, "user0@acme.example", now=NOW)
    with pytest.raises(TooManyAttempts):
        attempts.begin(ADDRESS, "user10000@acme.example", now=NOW)
