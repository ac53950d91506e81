"""What supervisord itself reads from the files we write."""

import shlex
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from supervisor.datatypes import dict_of_key_value_pairs
from supervisor.options import UnhosedConfigParser

from ocore.embedded.programs import Program, log_folder, program_conf, supervisord_conf
from ocore.errors import Malformed
from ocore.kit.privileges import OsUser

printable = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"))


def program(**changes: object) -> Program:
    values: dict[str, object] = {"name": "p", "argv": ("true",), "log": Path("/var/log/p.log")}
    return Program(**{**values, **changes})  # type: ignore[arg-type]


def as_read(conf: str, option: str) -> str:
    parser = UnhosedConfigParser()
    parser.read_string(conf)
    return str(parser.get("program:p", option)) % {}


@given(st.lists(printable, min_size=1))
def test_supervisord_runs_exactly_the_arguments_given(words: list[str]) -> None:
    conf = program_conf(program(argv=("run", *words)))
    argv = shlex.split(as_read(conf, "command"))
    assert argv[-len(words) - 1 :] == ["run", *words]


@given(printable)
def test_a_variable_arrives_as_given_or_is_refused(value: str) -> None:
    try:
        conf = program_conf(program(env={"A": value, "B": "after"}))
    except Malformed:
        assume(False)
    assert dict_of_key_value_pairs(as_read(conf, "environment")) == {"A": value, "B": "after"}


@pytest.mark.parametrize(
    "value", ["postgresql://u:p%40ss@h:5432/db?a=b,c", "it's", "", "a b", "--lock=1 -c x=y", "ü"]
)
def test_the_variables_people_set_are_carried(value: str) -> None:
    conf = program_conf(program(env={"A": value}))
    assert dict_of_key_value_pairs(as_read(conf, "environment")) == {"A": value}


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(Malformed) as refusal:
        program_conf(program(env={"A": "hush\nhush"}))
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a:b", "../x", "a b", "x]\n[supervisord"])
def test_a_name_that_would_leave_its_section_or_folder_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        program(name=name)


def test_a_program_runs_as_its_user_and_dies_with_the_supervisor() -> None:
    user = OsUser(name="odoo", uid=4711, gid=4712)
    conf = program_conf(program(user=user, death_signal="INT"))
    argv = shlex.split(as_read(conf, "command"))
    assert argv[argv.index("--reuid") + 1] == "4711"
    assert argv[argv.index("--pdeathsig") + 1] == "INT"


def test_the_log_folder_can_be_read_back() -> None:
    assert log_folder(program_conf(program(log=Path("/a/50% b/x.log")))) == Path("/a/50% b")


def test_a_home_too_deep_for_a_unix_socket_is_refused() -> None:
    with pytest.raises(Malformed, match="shorter"):
        supervisord_conf(Path("/" + "d" * 100), identity={}, descriptors=64)


def test_the_supervisor_has_no_network_listener() -> None:
    conf = supervisord_conf(Path("/run/x"), identity={}, descriptors=64)
    assert "inet_http_server" not in conf
    assert "chmod=0700" in conf
