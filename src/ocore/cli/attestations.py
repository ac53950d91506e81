"""The commands about signed statements: evidence, verify, public-key."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ocore.attestations import Statement
from ocore.cli.client import Client
from ocore.cli.commands import ProjectOption, converse
from ocore.cli.output import print_error, print_json
from ocore.errors import Refused


def public_key() -> None:
    """Print the key that the platform signs with, as PEM."""

    async def show(client: Client) -> None:
        async for chunk in client.text("/public-key"):
            sys.stdout.buffer.write(chunk)

    converse(show)


def evidence(
    project: ProjectOption, deployment: Annotated[str, typer.Argument(help="Deployment id.")]
) -> None:
    """Print the signed evidence of a deployment that has ended: what `ocore verify` checks."""
    path = f"/projects/{project}/deployments/{deployment}/evidence"
    print_json(converse(lambda client: client.get(path)))


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A DSSE envelope.")],
    key: Annotated[
        list[Path],
        typer.Option(exists=True, dir_okay=False, help="A public key (PEM) that you trust."),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the statement.")] = False,
) -> None:
    """Check that a statement was signed with one of the keys; no server is asked.

    Exit code 1 when it was not, or was changed since.
    """
    # Not for the other commands, which are run a hundred times a day.
    from ocore.attestations import envelopes, keys  # noqa: PLC0415

    try:
        trusted = [keys.PublicKey.read(each.read_text(errors="replace")) for each in key]
        verified = envelopes.verify(file.read_bytes(), trusted)
    except Refused as refusal:
        print_error(f"{file}: {refusal} [{refusal.code}]")
        raise typer.Exit(1) from refusal
    if as_json:
        print_json(verified.statement)
    else:
        sys.stdout.writelines(_told(verified.statement, verified.keyids))


def _told(statement: Statement, keyids: tuple[str, ...]) -> Iterator[str]:
    for keyid in keyids:
        yield f"signed with  {keyid}\n"
    yield f"says         {statement.predicate_type}\n"
    for subject in statement.subjects:
        yield f"about        {subject.name}\n"
        for algorithm, digest in subject.digest.items():
            yield f"             {algorithm}:{digest}\n"
