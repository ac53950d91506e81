import asyncio
import re
import stat
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from ocore.main import app
from tests.api.parts import PASSWORD
from tests.api.worker import empty_world, queue, working
from tests.cli.terminal import Terminal
from tests.deployments.world import World

REFERENCE = Path(__file__).parents[2] / "docs/reference/command-line.md"


def project(terminal: Terminal) -> str:
    return f"--project={terminal.api.acme.project.id}"


def test_the_reference_names_every_command() -> None:
    # In the table, several commands of one group may share a row: `ocore snapshot pin`, `unpin`.
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `ocore ")]
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    for name, command in program.commands.items():
        below = command.commands if isinstance(command, TyperGroup) else {"": command}
        for each in below:
            words = [re.compile(rf"\b{re.escape(word)}\b") for word in (name, each)]
            assert any(all(word.search(row) for word in words) for row in rows), (name, each)


async def test_a_session_is_kept_for_its_owner_alone(terminal: Terminal) -> None:
    url = f"--url={terminal.api.url}/api"
    ended = await terminal.run("login", url, "--email=owner@acme.example", OCORE_PASSWORD=PASSWORD)
    assert ended.code == 0, ended.err
    assert PASSWORD not in ended.out
    assert stat.S_IMODE(terminal.session_file.stat().st_mode) == 0o600
    listed = await terminal.run("deployments", project(terminal), "--json")
    assert listed.events[0]["total"] == 0


async def test_a_wrong_password_keeps_no_session(terminal: Terminal) -> None:
    url = f"--url={terminal.api.url}/api"
    ended = await terminal.run("login", url, "--email=owner@acme.example", OCORE_PASSWORD="wrong")
    assert (ended.code, "[bad_credentials]" in ended.err) == (2, True), ended.err
    assert not terminal.session_file.exists()


async def test_who_has_not_signed_in_is_told_how(terminal: Terminal) -> None:
    ended = await terminal.run("deployments", project(terminal))
    assert ended.code == 2
    assert "ocore login" in ended.err


async def test_an_api_that_does_not_answer_is_named(terminal: Terminal) -> None:
    terminal.sign_in()
    text = terminal.session_file.read_text()
    terminal.session_file.write_text(text.replace(terminal.api.url, "http://127.0.0.1:9"))
    ended = await terminal.run("deployments", project(terminal))
    assert ended.code == 2
    assert "http://127.0.0.1:9/api" in ended.err
    assert "ocore up" in ended.err


async def test_an_api_that_does_not_answer_is_named_where_text_is_wanted_too(
    terminal: Terminal,
) -> None:
    terminal.sign_in()
    text = terminal.session_file.read_text()
    terminal.session_file.write_text(text.replace(terminal.api.url, "http://127.0.0.1:9"))
    for command in (["logs", project(terminal), "any"], ["public-key"]):
        ended = await terminal.run(*command)
        assert (ended.code, "[api_unreachable]" in ended.err) == (2, True), ended.err


@pytest.mark.parametrize("url", ["127.0.0.1:8470/api", "localhost", "ftp://127.0.0.1/api"])
async def test_an_address_that_is_none_is_refused_with_an_example(
    terminal: Terminal, url: str
) -> None:
    ended = await terminal.run("login", f"--url={url}", "--email=a@b.example", OCORE_PASSWORD="x")
    assert ended.code == 2
    assert "https://ocore.example.com/api" in ended.err
    assert "Traceback" not in ended.err


async def test_a_slash_at_the_end_of_the_address_is_no_part_of_it(terminal: Terminal) -> None:
    url = f"--url={terminal.api.url}/api/"
    ended = await terminal.run("login", url, "--email=owner@acme.example", OCORE_PASSWORD=PASSWORD)
    assert ended.code == 0, ended.err
    assert terminal.session.api_url == f"{terminal.api.url}/api"


async def test_what_is_no_api_of_ours_is_named(terminal: Terminal) -> None:
    async def page(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(page, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"--url=http://127.0.0.1:{port}/api"
        ended = await terminal.run("login", url, "--email=a@b.example", OCORE_PASSWORD="x")
    assert (ended.code, "[not_the_api]" in ended.err) == (2, True), ended.err


async def test_what_ids_are_needed_for_can_be_listed(terminal: Terminal) -> None:
    terminal.sign_in()
    acme = terminal.api.acme
    projects = await terminal.run("project", "list")
    assert [line.split()[-1] for line in projects.lines[1:]] == [acme.project.id, acme.second.id]
    instances = await terminal.run("instance", "list", f"--project={acme.second.id}")
    assert [line.split()[-1] for line in instances.lines[1:]] == [each.id for each in acme.pair]
    listed = await terminal.run("instance", "list", project(terminal), "--json")
    assert listed.events[0]["instances"][0]["id"] == acme.instance.id


async def test_two_projects_may_call_an_instance_alike_with_another_host(
    terminal: Terminal,
) -> None:
    terminal.sign_in()
    acme = terminal.api.acme
    same = ["instance", "create", f"--project={acme.second.id}", f"--name={acme.instance.name}"]
    taken = await terminal.run(*same)
    assert (taken.code, f"{acme.instance.host} is taken" in taken.err) == (2, True), taken.err
    made = await terminal.run(*same, "--host=museum.example.com")
    assert made.code == 0, made.err


async def test_a_restore_without_a_store_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    key = tmp_path / "offsite-key"
    key.touch()
    ended = await terminal.run("restore", "--from=", f"--key-file={key}")
    assert (ended.code, "s3://bucket/prefix" in ended.err) == (2, True), ended.err


async def test_a_field_is_named_once(terminal: Terminal) -> None:
    terminal.sign_in()
    ended = await terminal.run("instance", "create", project(terminal), "--name=a" * 200)
    assert ended.err.startswith("name: "), ended.err
    assert ended.err.count("name:") == 1


async def test_a_session_that_runs_out_on_the_way_is_renewed_and_nothing_is_deployed_twice(
    terminal: Terminal,
) -> None:
    url = f"--url={terminal.api.url}/api"
    await terminal.run("login", url, "--email=owner@acme.example", OCORE_PASSWORD=PASSWORD)
    first = terminal.session
    left = 6.0
    terminal.sign_in(left_seconds=left, refresh_token=first.refresh_token)
    deploying = asyncio.create_task(
        terminal.run("deploy", project(terminal), "--branch=main", "--json")
    )
    await asyncio.sleep(left + 1)
    async with working(terminal.api, empty_world()):
        ended = await deploying
        assert ended.code == 0, ended.err
    assert terminal.session.refresh_token not in {"", first.refresh_token}
    listed = await terminal.run("deployments", project(terminal), "--json")
    assert listed.events[0]["total"] == 1


async def test_an_expired_session_is_refreshed_and_kept(terminal: Terminal) -> None:
    url = f"--url={terminal.api.url}/api"
    await terminal.run("login", url, "--email=owner@acme.example", OCORE_PASSWORD=PASSWORD)
    first = terminal.session
    terminal.sign_in(left_seconds=-3600, refresh_token=first.refresh_token)
    ended = await terminal.run("deployments", project(terminal))
    assert ended.code == 0, ended.err
    assert terminal.session.refresh_token not in {"", first.refresh_token}


async def test_a_deployment_is_told_step_by_step(terminal: Terminal, world: World) -> None:
    terminal.sign_in()
    ended = await terminal.run("deploy", project(terminal), "--branch=main")
    assert ended.code == 0, ended.err
    assert world.updates == 1
    finished = [line for line in ended.lines if line.startswith("✔")]
    assert [line.split("  ")[0] for line in finished][:2] == ["✔ Fetch source", "✔ Inspect modules"]
    assert all(" s" in line for line in finished)
    assert ended.lines[-1].startswith("succeeded ")


async def test_a_deployment_as_json_is_one_event_a_line_and_the_whole_at_the_end(
    terminal: Terminal, world: World
) -> None:
    terminal.sign_in()
    ended = await terminal.run("deploy", project(terminal), "--branch=main", "--json")
    assert (ended.code, world.updates) == (0, 1)
    kinds = [event["event"] for event in ended.events]
    assert set(kinds[:-2]) == {"step"}
    assert kinds[-2:] == ["complete", "deployment"]
    assert ended.events[-1]["data"]["status"] == "succeeded"


async def test_a_pipeline_that_runs_again_with_its_key_deploys_once(
    terminal: Terminal, world: World
) -> None:
    terminal.sign_in()
    keyed = [project(terminal), "--idempotency-key=pipeline-7", "--json"]
    first = await terminal.run("deploy", "--branch=main", *keyed)
    again = await terminal.run("deploy", "--branch=main", *keyed)
    assert (first.code, again.code, world.updates) == (0, 0, 1)
    assert again.events[-1]["data"]["id"] == first.events[-1]["data"]["id"]
    other = await terminal.run("deploy", "--tag=v1", *keyed)
    assert (other.code, "[idempotency_key_reused]" in other.err) == (2, True), other.err


async def test_a_terminal_shows_one_tree_that_grows(terminal: Terminal, world: World) -> None:
    terminal.sign_in()
    drawn = await terminal.show("deploy", project(terminal), "--branch=main")
    assert world.updates == 1
    assert "\x1b[" in drawn
    last = drawn.rpartition("Fetch source")[2]
    assert all(name in last for name in ("Update modules", "Switch traffic", "Verify"))
    assert "succeeded" in last


async def test_a_deployment_that_fails_ends_the_command_with_its_reason_and_its_log(
    terminal: Terminal, world: World
) -> None:
    terminal.sign_in()
    world.breaks = frozenset({"build"})
    ended = await terminal.run("deploy", project(terminal), "--branch=main")
    assert ended.code == 1
    assert "build broke" in ended.out
    command = ended.err.removeprefix("Log: ocore ").split()
    assert "build broke" in (await terminal.run(*command)).out


async def test_a_ref_that_is_not_there_is_refused_with_its_field(terminal: Terminal) -> None:
    terminal.sign_in()
    ended = await terminal.run("deploy", project(terminal), "--branch=nothing-like-it")
    assert ended.code == 2
    assert ended.err.startswith("branch: ")
    assert ended.out == ""


async def test_a_followed_log_is_the_downloaded_one(terminal: Terminal, world: World) -> None:
    terminal.sign_in()
    ended = await terminal.run("deploy", project(terminal), "--branch=main", "--json")
    assert world.updates == 1
    deployment = ended.events[-1]["data"]["id"]
    followed = await terminal.run("logs", project(terminal), "-f", deployment)
    downloaded = await terminal.run("logs", project(terminal), deployment)
    header, _, log = downloaded.out.partition("\n\n")
    assert all(line.startswith("# ") for line in header.splitlines())
    assert followed.out == log


async def test_a_rollback_without_anything_to_go_back_to_is_refused(terminal: Terminal) -> None:
    terminal.sign_in()
    ended = await terminal.run("rollback", project(terminal))
    assert (ended.code, "[nothing_to_roll_back_to]" in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(("typed", "status"), [("n\n", "queued"), ("y\n", "cancelled")])
async def test_a_cancel_says_what_it_would_do_and_waits_for_a_yes(
    terminal: Terminal, typed: str, status: str
) -> None:
    terminal.sign_in()
    queued = await queue(terminal.api)
    ended = await terminal.run("cancel", project(terminal), queued.id, typed=typed)
    assert ended.code == 0, ended.err
    assert "Nothing live was touched" in ended.out
    listed = await terminal.run("deployments", project(terminal), "--json")
    assert [each["status"] for each in listed.events[0]["deployments"]] == [status]


async def test_deployments_are_listed_newest_first(terminal: Terminal) -> None:
    terminal.sign_in()
    first, second = await queue(terminal.api), await queue(terminal.api)
    ended = await terminal.run("deployments", project(terminal))
    assert [line.split()[-1] for line in ended.lines[1:]] == [second.id, first.id]


async def test_a_deployment_that_waits_for_somebody_does_not_keep_the_command_waiting(
    terminal: Terminal, world: World
) -> None:
    terminal.sign_in()
    world.breaks = frozenset({"code.secrets"})
    instance = await terminal.api.production_instance()
    where = f"--instance={instance}"
    ended = await terminal.run("deploy", project(terminal), "--branch=main", where)
    assert ended.code == 3, ended.out + ended.err
    assert "for a waiver of code.secrets, or a cancel" in ended.out
    listed = await terminal.run("deployments", project(terminal), "--json")
    (blocked,) = listed.events[0]["deployments"]
    assert blocked["status"] == "blocked"
    gate = [project(terminal), blocked["id"], "code.secrets", "--reason=An example key [/red]"]
    wrong = await terminal.run("waive", *gate, typed="code.static\n")
    assert (wrong.code, "confirmation: type the gate's key" in wrong.err) == (2, True), wrong.err
    waived = await terminal.run("waive", *gate, "--confirm=code.secrets", "--expires=2h", "--json")
    assert waived.code == 0, waived.err
    followed = await terminal.run("logs", project(terminal), blocked["id"], "-f")
    assert "code.secrets waived by Owner: An example key [/red]" in followed.out
    table = await terminal.run("waivers", project(terminal))
    assert waived.events[0]["id"] in table.lines[1]
    assert " used " in table.lines[1]
    assert "An example key [/red]" in table.lines[1]
    again = await terminal.run("revoke", project(terminal), waived.events[0]["id"])
    assert "[waiver_over]" in again.err
