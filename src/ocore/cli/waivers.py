"""The commands about waivers: accept what a gate found, list who did, take it back."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

import typer

from ocore.cli.commands import JsonOption, ProjectOption, converse
from ocore.cli.output import console, print_json, print_list
from ocore.kit import clock

_DURATION: Final = re.compile(r"(?P<amount>[0-9]{1,5})(?P<unit>[mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def waive(  # noqa: PLR0913 - each argument is an option of the command
    project: ProjectOption,
    deployment: Annotated[str, typer.Argument(help="Deployment id.")],
    gate: Annotated[str, typer.Argument(help="Key of the gate, such as code.secrets.")],
    *,
    reason: Annotated[str, typer.Option(help="Why what it found is acceptable.")],
    confirm: Annotated[
        str, typer.Option(prompt="Type the gate's key to confirm", help="The gate's key, again.")
    ],
    expires: Annotated[
        str, typer.Option(help="When it ends: 30m, 24h, 7d, or a time such as 2026-01-02T15:00Z.")
    ] = "24h",
    scope: Annotated[str, typer.Option(help="deployment, commit or project.")] = "deployment",
    as_json: JsonOption = False,
) -> None:
    """Accept what a gate found. A blocked deployment goes on once its last gate is waived."""
    body = {
        "gateKey": gate,
        "reason": reason,
        "confirmation": confirm,
        "expiresAt": _moment(expires),
        "scope": scope,
    }
    path = f"/projects/{project}/deployments/{deployment}/waivers"
    waiver = converse(lambda client: client.post(path, body))
    if as_json:
        print_json(waiver)
    else:
        console.print(f"Waived {gate} until {waiver['expiresAt']}: {waiver['id']}")


def waivers(
    project: ProjectOption,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the waivers of a project, newest first."""
    page = converse(lambda client: client.get(f"/projects/{project}/waivers", limit=limit))
    columns = ("Created", "Status", "Gate", "Scope", "Who", "Until", "Reason", "Id")
    print_list(page, map(_row, page["waivers"]), columns, as_json=as_json)


def revoke(
    project: ProjectOption, waiver: Annotated[str, typer.Argument(help="Waiver id.")]
) -> None:
    """Take a waiver back; what it has let go on stays as it is."""
    converse(lambda client: client.delete(f"/projects/{project}/waivers/{waiver}"))


def _moment(text: str) -> str:
    """Return the time that is meant; what is no duration is for the API to judge."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return text
    ahead = timedelta(**{_UNITS[found["unit"]]: int(found["amount"])})
    return clock.rfc3339(clock.now() + ahead)


def _row(waiver: dict[str, Any]) -> list[str]:
    return [
        waiver["createdAt"],
        waiver["auditStatus"],
        waiver["gateKey"],
        waiver["scope"],
        waiver["actor"],
        waiver["expiresAt"],
        waiver["reason"],
        waiver["id"],
    ]
