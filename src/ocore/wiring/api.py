"""`ocore serve`: the API over real records."""

import os
from functools import partial

import uvicorn

from ocore.access.tokens import Tokens
from ocore.api.app import create_app
from ocore.api.services import Services
from ocore.databases.postgres import PostgresDatabases
from ocore.deployments.pushing import webhook_secret
from ocore.deployments.toolbox import Lookout
from ocore.embedded.secrets import secret
from ocore.embedded.settings import Settings
from ocore.embedded.signing import signer_of
from ocore.embedded.users import PlatformUsers, platform_users
from ocore.kit import clock, ids
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from ocore.wiring.connections import odoo_server, platform_conninfo, platform_secret
from ocore.wiring.store import Store, open_store
from ocore.wiring.tools import lookout_of


async def run_api(settings: Settings) -> None:
    """Answer until SIGTERM; requests at work are ended first, streams are cut."""
    users = await platform_users()
    conninfo = platform_conninfo(settings, users)
    lookout = lookout_of(settings, users, os.environ)
    async with open_store(conninfo, settings) as store:
        config = uvicorn.Config(
            create_app(services_of(settings, store, users, lookout)),
            host=settings.listen,
            port=settings.api_port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        await uvicorn.Server(config).serve()


def services_of(
    settings: Settings, store: Store, users: PlatformUsers, lookout: Lookout
) -> Services:
    server, platform = odoo_server(settings, users), platform_secret(settings)
    snapshots = PostgresSnapshots(server, settings.home, users.odoo)
    databases = PostgresDatabases(server, settings.home, users.odoo, platform)
    return Services(
        requests=store.requests,
        views=store.views,
        registry=store.registry,
        accounts=store.accounts,
        transcripts=store.transcripts,
        wakeups=store.wakeups,
        source=lookout.source,
        lookout=lookout,
        tokens=Tokens(secret(settings.home.secrets, "jwt-secret")),
        signer=signer_of(settings.home.secrets),
        now=clock.now,
        new_id=ids.uuid7,
        ping=store.ping,
        file_bytes=PostgresShelf(server, settings.home).file_bytes,
        losses=snapshots.losses,
        catalogue=store.catalogue,
        waivers=store.waivers,
        auto_deploys=store.auto_deploys,
        hook=store.hook,
        webhook_secret=partial(webhook_secret, platform),
        instance_password=databases.admin_password,
    )
