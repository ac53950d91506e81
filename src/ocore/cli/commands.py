"""The client commands: login, deploy, rollback, cancel, logs, and what they are about."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from ocore.cli import credentials
from ocore.cli.client import ApiProblem, Client
from ocore.cli.credentials import Session
from ocore.cli.follow import BLOCKED, GOOD, follow, follow_json
from ocore.cli.output import console, errors, print_error, print_list

T = TypeVar("T")

ProjectOption = Annotated[str, typer.Option("--project", help="Project id.")]
InstanceOption = Annotated[
    str | None, typer.Option(help="Instance id; needed where the project has several.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one event a line.")]


def _api_url(url: str) -> str:
    """Return the API's address; an exit with an example when it is none."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("give it as in https://ocore.example.com/api")
    return url.rstrip("/")


def login(
    email: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="OCORE_PASSWORD")],
    api_url: Annotated[
        str,
        typer.Option(
            "--url",
            envvar="OCORE_API_URL",
            callback=_api_url,
            help="Where the API is: ends in /api.",
        ),
    ],
) -> None:
    """Sign in and keep the session."""
    wanted = {"email": email, "password": password}
    answer = converse(lambda client: client.post("/auth/login", wanted), Session(api_url=api_url))
    credentials.save(credentials.session_file(), Session.of(api_url, answer))
    console.print(f"Signed in to {api_url} as {email}")


def deploy(  # noqa: PLR0913 - each argument is an option of the command
    project: ProjectOption,
    branch: Annotated[str | None, typer.Option()] = None,
    commit: Annotated[str | None, typer.Option(help="Commit SHA.")] = None,
    tag: Annotated[str | None, typer.Option()] = None,
    *,
    instance: InstanceOption = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            help="With the same key the command shows the deployment that it made before.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Put a commit live and show what happens. Exit code 1 when it did not go live."""
    path = f"/projects/{project}/deploy"
    body = {"branch": branch, "commitSha": commit, "tag": tag, "instanceId": instance}
    show_to_its_end(lambda client: client.post(path, body, idempotency_key=key), as_json=as_json)


def rollback(
    project: ProjectOption,
    deployment: Annotated[
        str | None, typer.Option(help="Deployment to go back to; the one before by default.")
    ] = None,
    instance: InstanceOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Take code and data back to an earlier deployment and show what happens."""
    path = f"/projects/{project}/rollback"
    body = {"deploymentId": deployment, "instanceId": instance}
    show_to_its_end(lambda client: client.post(path, body), as_json=as_json)


def cancel(
    project: ProjectOption,
    deployment: Annotated[str, typer.Argument()],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Say what a cancel would do now, and do it when confirmed."""
    path = f"/projects/{project}/deployments/{deployment}/cancel"
    preview = converse(lambda client: client.get(path))
    console.print(preview["explanation"])
    if preview["effect"] == "no":
        raise typer.Exit(1)
    if yes or typer.confirm("Cancel it?"):
        converse(lambda client: client.post(path, {}))


def deployments(
    project: ProjectOption,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the deployments of a project, newest first."""
    page = converse(lambda client: client.get(f"/projects/{project}/deployments", limit=limit))
    columns = ("Created", "Status", "Trigger", "Commit", "Risk", "Seconds", "Id")
    print_list(page, map(_row, page["deployments"]), columns, as_json=as_json)


def logs(
    project: ProjectOption,
    deployment: Annotated[str, typer.Argument(help="Deployment id.")],
    *,
    follow_on: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
) -> None:
    """Print the log of a deployment."""
    path = f"/projects/{project}/deployments/{deployment}/logs"

    async def download(client: Client) -> None:
        async for chunk in client.text(f"{path}/download"):
            sys.stdout.buffer.write(chunk)

    async def tail(client: Client) -> None:
        async for event in client.events(f"{path}?lines=1"):
            if event.kind == "log":
                sys.stdout.write(f"{event.data['text']}\n")
                sys.stdout.flush()

    converse(tail if follow_on else download)


def list_projects(*, as_json: JsonOption = False) -> None:
    """List the projects of your organization, oldest first."""
    answer = converse(lambda client: client.get("/projects"))
    rows = ([each["name"], each["repositoryUrl"], each["id"]] for each in answer["projects"])
    print_list(answer, rows, ("Name", "Repository", "Id"), as_json=as_json)


def create_project(
    name: Annotated[str, typer.Option()],
    repository: Annotated[str, typer.Option(help="Git URL of a repository of Odoo modules.")],
) -> None:
    """Create a project and print its id."""
    body = {"name": name, "repositoryUrl": repository}
    console.print(converse(lambda client: client.post("/projects", body))["id"])


def list_instances(project: ProjectOption, *, as_json: JsonOption = False) -> None:
    """List the instances of a project, oldest first, and what each does now."""
    answer = converse(lambda client: client.get(f"/projects/{project}/instances"))
    keys = ("name", "environment", "status", "host", "id")
    rows = ([each[key] for key in keys] for each in answer["instances"])
    columns = ("Name", "Environment", "Status", "Host", "Id")
    print_list(answer, rows, columns, as_json=as_json)


def create_instance(
    project: ProjectOption,
    name: Annotated[str, typer.Option()],
    environment: Annotated[
        str, typer.Option(help="development, staging or production.")
    ] = "development",
    host: Annotated[
        str | None, typer.Option(help="Host name that it answers to; made of its name by default.")
    ] = None,
    rehearse: Annotated[
        bool | None,
        typer.Option(
            help="Try updates on a copy of the data first; unlike the environment has it."
        ),
    ] = None,
) -> None:
    """Create an instance and print its id; it gets its database with the first deployment."""
    body = {"name": name, "environment": environment, "host": host, "rehearse": rehearse}
    answer = converse(lambda client: client.post(f"/projects/{project}/instances", body))
    console.print(answer["id"])


def show_to_its_end(start: Callable[[Client], Awaitable[Any]], *, as_json: bool) -> None:
    """Show the deployment that `start` returns while it runs.

    Exit code 1: it did not go live. 3: it waits for somebody.
    """

    async def show(client: Client) -> dict[str, Any]:
        deployment = await start(client)
        if as_json:
            return await follow_json(client, deployment)
        console.print(f"Deployment {deployment['id']}")
        return await follow(client, deployment, console)

    ended = converse(show)
    place = f"--project {ended['projectId']} {ended['id']}"
    if ended["status"] == BLOCKED:
        if not as_json:
            errors.print(f"Accept: ocore waive {place} GATE --reason …", soft_wrap=True)
        raise typer.Exit(3)
    if ended["status"] not in GOOD:
        if not as_json:
            errors.print(f"Log: ocore logs {place}", soft_wrap=True)
        raise typer.Exit(1)


def converse(ask: Callable[[Client], Awaitable[T]], session: Session | None = None) -> T:
    """Run one conversation; a refusal becomes one line on standard error and exit code 2."""
    known = session or credentials.load(credentials.session_file())
    if known is None:
        errors.print("Not signed in: run `ocore login` first.")
        raise typer.Exit(2)

    keep = partial(credentials.save, credentials.session_file())

    async def talk() -> T:
        async with Client(known, keep=keep) as client:
            return await ask(client)

    try:
        return asyncio.run(talk())
    except ApiProblem as problem:
        told = problem.field is None or problem.detail.startswith(problem.field)
        where = "" if told else f"{problem.field}: "
        print_error(f"{where}{problem.detail} [{problem.code}]")
        raise typer.Exit(2) from problem


def _row(deployment: dict[str, Any]) -> list[str]:
    risk, duration = deployment["risk"], deployment["durationMs"]
    return [
        deployment["createdAt"],
        deployment["status"],
        deployment["triggerType"],
        (deployment["commitSha"] or "")[:12],
        f"{risk['score']} {risk['level']}" if risk else "",
        f"{duration / 1000:.1f}" if duration is not None else "",
        deployment["id"],
    ]
