"""A whole API for tests: real records, git, tokens and HTTP; only Odoo is not there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import ClientSession, ClientTimeout
from argon2 import PasswordHasher
from litestar import Litestar

from ocore.access import Caller, Role
from ocore.access.accounts import Account
from ocore.access.tokens import Tokens
from ocore.api.app import create_app
from ocore.api.services import Services
from ocore.artifacts import Snapshot
from ocore.deployments.pushing import webhook_secret
from ocore.deployments.toolbox import Lookout
from ocore.embedded.signing import signer_of
from ocore.environments import Instance, Project
from ocore.environments import Repository as Address
from ocore.kit import clock, ids
from ocore.snapshots import Room, TableLoss
from ocore.source.git import GitSource
from ocore.storage.accounts import PostgresAccounts
from ocore.storage.autodeploys import TenantAutoDeploys, find_hook
from ocore.storage.database import Pool, open_pool, ping
from ocore.storage.registry import TenantRegistry
from ocore.storage.requests import TenantRequests
from ocore.storage.snapshots import TenantCatalogue
from ocore.storage.transcripts import PostgresTranscripts
from ocore.storage.views import TenantViews
from ocore.storage.waivers import TenantWaivers
from ocore.storage.wakeups import listen
from tests.api.repository import Repository, make_repository
from tests.deployments.world import World, WorldDatabases, WorldGates, WorldRoom

SECRET = "a secret of tests that is long enough"
PASSWORD = "correct horse battery staple"
PROBLEM = "application/problem+json"
SLOWEST = ClientTimeout(total=30)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One organization: a user of each role, a project with one instance and one with two."""

    organization_id: str
    users: Mapping[Role, Account]
    project: Project
    instance: Instance
    second: Project
    pair: tuple[Instance, Instance]
    requests: TenantRequests

    def caller(self, role: Role = Role.OWNER) -> Caller:
        return Caller(
            user_id=self.users[role].user_id, organization_id=self.organization_id, role=role
        )

    @property
    def path(self) -> str:
        return f"/api/projects/{self.project.id}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any

    def problem(self) -> tuple[int, str, str | None]:
        """Return status, code and field of a refusal that is well-formed (RFC 9457)."""
        assert self.headers["Content-Type"] == PROBLEM, self.body
        assert set(self.json) == {
            "type",
            "title",
            "status",
            "detail",
            "code",
            "field",
            "instance",
        }
        assert self.json["status"] == self.status
        assert self.json["detail"]
        return self.status, self.json["code"], self.json["field"]


@dataclass(frozen=True, kw_only=True)
class Api:
    """A running API, who may use it, and the records behind it."""

    url: str
    app: Litestar
    http: ClientSession
    pool: Pool
    transcripts: PostgresTranscripts
    repository: Repository
    acme: Tenant
    other: Tenant
    tokens: Tokens

    def bearer(self, tenant: Tenant | None = None, role: Role = Role.OWNER) -> dict[str, str]:
        token = self.tokens.sign((tenant or self.acme).caller(role), now=clock.now())
        return {"Authorization": f"Bearer {token}"}

    async def production_instance(self) -> str:
        """Make an instance of acme's project on which every gate counts; return its id."""
        body = {"name": f"Production {ids.uuid7()[-6:]}", "environment": "production"}
        made = await self.post(f"{self.acme.path}/instances", body)
        assert made.status == 201, made.body
        instance_id: str = made.json["id"]
        return instance_id

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.ask("POST", path, json=body, **options)

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """Ask as acme's owner, unless `headers` says who else asks."""
        who = self.bearer() if headers is None or "Authorization" not in headers else {}
        sent = {**who, **(headers or {})}
        async with self.http.request(method, path, headers=sent, **options) as answer:
            body = await answer.read()
            parsed = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Answer(status=answer.status, headers=answer.headers, body=body, json=parsed)


@asynccontextmanager
async def serving(conninfo: str, folder: Path) -> AsyncIterator[Api]:
    """Serve the API over a migrated database until the context ends."""
    repository = await asyncio.to_thread(make_repository, folder / "library")
    async with open_pool(conninfo) as pool:
        acme, other = [
            await _tenant(pool, slug, str(repository.path)) for slug in ("acme", "other")
        ]
        tokens = Tokens(SECRET)
        transcripts = PostgresTranscripts(pool)
        services = _services(conninfo, pool, tokens, folder)
        app = create_app(replace(services, transcripts=transcripts))
        async with listening(app) as url, ClientSession(url, timeout=SLOWEST) as http:
            yield Api(
                url=url,
                app=app,
                http=http,
                pool=pool,
                transcripts=transcripts,
                repository=repository,
                acme=acme,
                other=other,
                tokens=tokens,
            )


def _services(conninfo: str, pool: Pool, tokens: Tokens, folder: Path) -> Services:
    source, world = GitSource(folder / "mirrors", folder / "checkouts"), World()
    return Services(
        requests=lambda organization: TenantRequests(pool, organization, clock.now),
        views=partial(TenantViews, pool),
        registry=partial(TenantRegistry, pool),
        catalogue=partial(TenantCatalogue, pool),
        waivers=lambda organization: TenantWaivers(pool, organization, clock.now),
        auto_deploys=partial(TenantAutoDeploys, pool),
        hook=partial(find_hook, pool),
        webhook_secret=partial(webhook_secret, SECRET),
        accounts=PostgresAccounts(pool),
        transcripts=PostgresTranscripts(pool),
        wakeups=partial(listen, conninfo),
        source=source,
        lookout=Lookout(
            source=source,
            databases=WorldDatabases(world),
            gates=WorldGates(world),
            room=room_without_databases,
            lost_files=WorldRoom(world).lost,
            say=world.log.append,
            now=clock.now,
        ),
        tokens=tokens,
        signer=signer_of(folder / "secrets"),
        now=clock.now,
        new_id=ids.uuid7,
        ping=partial(ping, pool),
        instance_password=password_without_databases,
        file_bytes=file_bytes_without_databases,
        losses=losses_without_databases,
    )


async def room_without_databases(_instance: Instance) -> Room:
    """Stand in for the shelf, which measures the databases that are not there."""
    return Room(strategy="clone", database=2 * 1024**3, needed=0, free=None)


async def file_bytes_without_databases(_instance: Instance) -> int:
    """Stand in for the shelf, likewise."""
    return 1024**3


async def password_without_databases(_instance: Instance) -> None:
    """Stand in for the databases, which are not there: nobody knows the password."""


async def losses_without_databases(
    _instance: Instance, _snapshot: Snapshot
) -> tuple[TableLoss, ...]:
    """Stand in for the snapshots, whose databases are not there."""
    return (TableLoss(table="library_loan", rows=3),)


@asynccontextmanager
async def listening(app: Litestar) -> AsyncIterator[str]:
    """Serve on a free port until the context ends; give the address."""
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer waits for an ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        # Not serve(): that would take the test run's own signals.
        running = asyncio.create_task(server._serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has only the flag
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@cache
def password_hash() -> str:
    """Return the hash of PASSWORD; made once, for it is slow on purpose."""
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


async def _tenant(pool: Pool, slug: str, repository: str) -> Tenant:
    organization_id = ids.uuid7()
    users = {role: _account(organization_id, slug, role) for role in Role}
    for account in users.values():
        await PostgresAccounts(pool).add(account, organization_name=slug.title())
    registry = TenantRegistry(pool, organization_id)
    projects = [
        await _project(registry, organization_id, slug, name, repository)
        for name in ("library", "museum")
    ]
    instances = [
        await _instance(registry, projects[index], f"{slug}-{name}")
        for index, name in ((0, "books"), (1, "east"), (1, "west"))
    ]
    return Tenant(
        organization_id=organization_id,
        users=users,
        project=projects[0],
        instance=instances[0],
        second=projects[1],
        pair=(instances[1], instances[2]),
        requests=TenantRequests(pool, organization_id, clock.now),
    )


def _account(organization_id: str, slug: str, role: Role) -> Account:
    return Account(
        user_id=ids.uuid7(),
        email=f"{role}@{slug}.example",
        name=role.title(),
        password_hash=password_hash(),
        organization_id=organization_id,
        organization_slug=slug,
        role=role,
    )


async def _project(
    registry: TenantRegistry, organization_id: str, slug: str, name: str, repository: str
) -> Project:
    project = Project(
        id=ids.uuid7(),
        organization_id=organization_id,
        organization_slug=slug,
        name=name.title(),
        slug=name,
        repository=Address(url=repository),
        odoo_version="19.0",
    )
    await registry.add_project(project, by="ana")
    return project


async def _instance(registry: TenantRegistry, project: Project, name: str) -> Instance:
    instance = Instance(
        id=ids.uuid7(),
        organization_id=project.organization_id,
        project_id=project.id,
        name=name,
        slug=name,
        database=name.replace("-", "_"),
        host=f"{name}.localhost",
    )
    await registry.add_instance(instance, by="ana")
    return instance
