"""The `ocore` program: the platform and its parts, the demo, and the client commands.

What a part of the platform needs is imported by its command: `ocore deploy`, run a hundred times a
day, does not wait for the imports of an API, a worker and a migration.
"""
# ruff: noqa: PLC0415 - see above

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console

from ocore.cli import attestations, commands, snapshots, waivers
from ocore.cli.output import print_error
from ocore.embedded.settings import Settings, settings_from
from ocore.embedded.users import closed_folder
from ocore.errors import OcoreError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Puts a git ref of Odoo modules live, and takes code and data back in one call.",
)
project = typer.Typer(no_args_is_help=True, help="Projects.")
instance = typer.Typer(no_args_is_help=True, help="Instances.")
app.add_typer(project, name="project")
app.add_typer(instance, name="instance")
app.add_typer(snapshots.app, name="snapshot")

for command in (
    commands.login,
    commands.deploy,
    commands.rollback,
    commands.cancel,
    commands.deployments,
    commands.logs,
    waivers.waive,
    waivers.waivers,
    waivers.revoke,
    attestations.evidence,
    attestations.verify,
    attestations.public_key,
):
    app.command()(command)
project.command("create")(commands.create_project)
project.command("list")(commands.list_projects)
instance.command("create")(commands.create_instance)
instance.command("list")(commands.list_instances)

_PLAIN_WIDTH: Final = 110
"""Where no terminal says how wide it is, as in the log of a CI run."""


@app.command()
def up() -> None:
    """Run the whole platform in the foreground, until SIGTERM or Ctrl-C."""
    from ocore.wiring.platform import run_platform

    _run(run_platform)


@app.command()
def serve() -> None:
    """Run the API alone."""
    from ocore.wiring.api import run_api

    _run(run_api)


@app.command()
def worker() -> None:
    """Run one worker alone."""
    from ocore.wiring.worker import run_worker

    _run(run_worker)


@app.command()
def migrate() -> None:
    """Bring the platform's database to this version."""
    from ocore.wiring.platform import migrate as migrate_database

    _run(migrate_database)


@app.command()
def schema() -> None:
    """Print the JSON schema of a repository's ocore.toml."""
    from ocore.gates.configuration import schema as configuration_schema

    typer.echo(json.dumps(configuration_schema(), indent=2))


@app.command()
def prune(
    days: Annotated[
        float, typer.Option(min=0, help="Spare what was built or found less than this long ago.")
    ] = 7,
) -> None:
    """Remove Docker images that serve nothing and that no rollback may need."""
    from ocore.wiring.pruning import prune as prune_images

    _run(partial(prune_images, spare=timedelta(days=days)))


@app.command()
def restore(  # noqa: PLR0913, PLR0917 - each argument is an option of the command
    source: Annotated[str, typer.Option("--from", help="s3://bucket/prefix of the copies.")],
    key_file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="offsite-key.")],
    snapshot: Annotated[str, typer.Option(help="Id of a snapshot.")] = "latest",
    instance: Annotated[
        str | None, typer.Option(help="Whose latest: id, slug or database of an instance.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Home; OCORE_HOME by default.")] = None,
    database: Annotated[
        str | None, typer.Option("--as", help="Name of the database; as it was by default.")
    ] = None,
    receiver: Annotated[
        UUID | None,
        typer.Option("--for", help="Id of an instance of this platform that is to have it."),
    ] = None,
) -> None:
    """Restore database and files of an instance from their copy off-site, on any machine.

    The endpoint and the credentials are those of OCORE_OFFSITE_*.
    """
    from ocore.wiring.restoring import Wanted
    from ocore.wiring.restoring import restore as restore_copy

    home = {} if into is None else {"OCORE_HOME": str(into.absolute())}
    settings = _settings({**os.environ, "OCORE_OFFSITE": source, **home})
    if settings.offsite is None:
        raise typer.BadParameter("--from names no store: give it as in s3://bucket/prefix")
    if database is not None and receiver is not None:
        raise typer.BadParameter("an instance has a database's name: leave out --as or --for")
    wanted = Wanted(
        place=settings.offsite,
        key_file=key_file,
        snapshot=snapshot,
        instance=instance,
        database=database,
        receiver=None if receiver is None else str(receiver),
    )
    _run(partial(restore_copy, wanted), settings)


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the platform running.")] = False,
    report: Annotated[Path, typer.Option()] = Path("demo-report.json"),
) -> None:
    """Deploy a sample module three times, break it once, and roll back: all for real."""
    from ocore.demo.run import Demo, run_demo, run_demo_and_keep
    from ocore.demo.story import DemoFailed

    environment = {"OCORE_HOME": str(_demo_home()), **os.environ}
    settings = settings_from(environment)
    console = Console()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    story = Demo(settings=settings, report=report.absolute(), console=console)
    tell = run_demo_and_keep if keep else run_demo
    try:
        asyncio.run(tell(story, environment=environment))
    except DemoFailed as failure:
        print_error(f"The demo failed: {failure}")
        raise typer.Exit(1) from failure


def _demo_home() -> Path:
    """Return `.ocore` here, or a folder that Odoo's own user can reach when this one it cannot."""
    if os.geteuid() == 0 and closed_folder(Path.cwd()) is not None:
        return Path("/var/lib/ocore-demo")
    return Path(".ocore").absolute()


def _settings(environment: Mapping[str, str]) -> Settings:
    try:
        return settings_from(environment)
    except OcoreError as refusal:
        print_error(str(refusal))
        raise typer.Exit(2) from refusal


def _run(
    part: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings | None = None
) -> None:
    try:
        asyncio.run(part(settings or _settings(os.environ)))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except OcoreError as failure:
        print_error(str(failure))
        raise typer.Exit(1) from failure
