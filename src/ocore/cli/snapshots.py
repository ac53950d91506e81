"""The commands about snapshots: list, create, pin, unpin, delete, restore."""

from typing import Annotated, Any

import typer

from ocore.cli.client import Client
from ocore.cli.commands import JsonOption, converse, show_to_its_end
from ocore.cli.output import console, print_list

EnvironmentOption = Annotated[
    str, typer.Option("--environment", help="Environment id: that of its instance.")
]
SnapshotArgument = Annotated[str, typer.Argument(help="Snapshot id.")]

app = typer.Typer(no_args_is_help=True, help="Snapshots of an environment, and the way back.")


@app.command("list")
def list_snapshots(
    environment: EnvironmentOption,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    *,
    as_json: JsonOption = False,
) -> None:
    """List snapshots, newest first."""
    page = converse(lambda client: client.get(_path(environment), limit=limit))
    columns = ("Created", "Status", "Reason", "How", "MiB", "Off-site", "Pinned", "Commit", "Id")
    print_list(page, map(_row, page["snapshots"]), columns, as_json=as_json)


@app.command("create")
def create_snapshot(environment: EnvironmentOption) -> None:
    """Have a snapshot taken while the environment serves, and print its id."""
    console.print(converse(lambda client: client.post(_path(environment), {}))["id"])


@app.command("pin")
def pin_snapshot(snapshot: SnapshotArgument, environment: EnvironmentOption) -> None:
    """Keep a snapshot until it is unpinned."""
    converse(lambda client: client.post(f"{_path(environment)}/{snapshot}/pin", {}))


@app.command("unpin")
def unpin_snapshot(snapshot: SnapshotArgument, environment: EnvironmentOption) -> None:
    """Let retention have a snapshot again."""
    converse(lambda client: client.delete(f"{_path(environment)}/{snapshot}/pin"))


@app.command("delete")
def delete_snapshot(snapshot: SnapshotArgument, environment: EnvironmentOption) -> None:
    """Have a snapshot deleted."""
    converse(lambda client: client.delete(f"{_path(environment)}/{snapshot}"))


@app.command("restore")
def restore_snapshot(
    snapshot: SnapshotArgument,
    environment: EnvironmentOption,
    to: Annotated[
        str | None, typer.Option(help="Environment that gets it, neutralized; itself by default.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Go back to a snapshot, data and code, and show what happens."""

    async def start(client: Client) -> Any:
        body = {"snapshotId": snapshot, "targetEnvironmentId": to}
        started = await client.post(f"/environments/{environment}/rollback", body)
        instance = await client.get(f"/instances/{environment}")
        project, deployment = instance["projectId"], started["deploymentId"]
        return await client.get(f"/projects/{project}/deployments/{deployment}")

    show_to_its_end(start, as_json=as_json)


def _path(environment: str) -> str:
    return f"/environments/{environment}/snapshots"


def _row(snapshot: dict[str, Any]) -> list[str]:
    size = snapshot["sizeBytes"]
    return [
        snapshot["createdAt"],
        snapshot["status"],
        snapshot["reason"],
        snapshot["strategy"] or "",
        f"{size / 1024**2:.1f}" if size is not None else "",
        snapshot["offsite"].replace("none", ""),
        "yes" if snapshot["pinned"] else "",
        (snapshot["commitSha"] or "")[:12],
        snapshot["id"],
    ]
