import json
from pathlib import Path

import pytest

from ocore.gates.configuration import (
    BadConfiguration,
    Configuration,
    parse_configuration,
    schema,
)
from ocore.gates.findings import Gate
from ocore.gates.profiles import REQUIRED, Profile, profile_of

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "ocore.schema.json"


def test_a_repository_without_the_file_gets_the_defaults() -> None:
    assert parse_configuration(None) == parse_configuration("") == Configuration()


def test_everything_can_be_said() -> None:
    said = parse_configuration(
        'profile = "production"\n'
        'smoke_paths = ["/shop"]\n'
        "hold_seconds = 45\n"
        '[gates."code.secrets"]\nexclude = ["vendor/*"]\n'
        '[gates."code.static"]\nexclude = ["old/*"]\n'
        '[tests]\nexclude = ["/loans:TestBook.test_a_name", "slow"]\n'
    )
    assert said.profile == "production"
    assert said.smoke_paths == ("/shop",)
    assert said.gates.code_secrets.exclude == ("vendor/*",)
    assert said.gates.code_static.exclude == ("old/*",)
    assert said.hold_seconds == 45
    assert said.tests.exclude == ("/loans:TestBook.test_a_name", "slow")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("profil = 'staging'", 1, "profil: unknown key"),
        ("\n[gates.'code.secrets']\nexclud = []", 3, "gates.code.secrets.exclud: unknown key"),
        ("\n\n[gates.'code.secret']\nexclude = []", 3, "gates.code.secret: unknown key"),
        ("profile = 'prod'", 1, "profile: Invalid enum value 'prod'"),
        ("# note\nsmoke_paths = ['shop']", 2, "smoke_paths: Expected `str` matching regex '^/'"),
        ("smoke_paths = 'shop'", 1, "smoke_paths: Expected `array`, got `str`"),
        ("profile = staging", 1, "no valid TOML"),
        ("hold_seconds = 0", 1, "hold_seconds: Expected `int` >= 1"),
        ("hold_seconds = 301", 1, "hold_seconds: Expected `int` <= 300"),
        ("hold_seconds = '45'", 1, "hold_seconds: Expected `int | null`, got `str`"),
        ("[tests]\nexclude = ['-/loans']", 2, "tests.exclude: Expected `str` matching regex"),
        ("[tests]\nexclude = ['/a,/b']", 2, "tests.exclude: Expected `str` matching regex"),
        ("[tests]\nskip = []", 2, "tests.skip: unknown key"),
        ("a = 1\na = 2", 2, "no valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(text: str, line: int, words: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        parse_configuration(text)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"ocore.toml line {line}: {words}")


def test_the_published_schema_is_the_one_that_checks() -> None:
    assert json.loads(PUBLISHED.read_text()) == json.loads(json.dumps(schema()))


def test_each_profile_asks_for_all_that_a_milder_one_does() -> None:
    assert REQUIRED[Profile.DEVELOPMENT] < REQUIRED[Profile.STAGING] < REQUIRED[Profile.PRODUCTION]
    assert Gate.MIGRATION_SAFETY in REQUIRED[Profile.PRODUCTION]


@pytest.mark.parametrize(
    ("environment", "asked", "profile"),
    [
        ("development", None, Profile.DEVELOPMENT),
        ("development", "production", Profile.PRODUCTION),
        ("production", "development", Profile.PRODUCTION),
        ("staging", "staging", Profile.STAGING),
    ],
)
def test_a_repository_may_ask_for_more_than_its_environment_never_for_less(
    environment: str, asked: str | None, profile: Profile
) -> None:
    assert profile_of(environment, asked) is profile
