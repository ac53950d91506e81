"""The first user of a new platform."""

from ocore.access import Role
from ocore.access.accounts import Account
from ocore.access.passwords import hashed
from ocore.embedded.secrets import keep_secret, secret
from ocore.embedded.settings import Settings
from ocore.kit.ids import uuid7
from ocore.wiring.store import open_store

ORGANIZATION = "default"


async def ensure_owner(settings: Settings, conninfo: str) -> None:
    """Make the owner when nobody has the owner's address; the password is in a file."""
    async with open_store(conninfo, settings) as store:
        if await store.accounts.by_email(settings.owner_email) is not None:
            return
        folder = settings.home.secrets
        if settings.owner_password is not None:
            keep_secret(folder, "owner-password", settings.owner_password)
        password = settings.owner_password or secret(folder, "owner-password")
        account = Account(
            user_id=uuid7(),
            email=settings.owner_email,
            name="Owner",
            password_hash=await hashed(password),
            organization_id=uuid7(),
            organization_slug=ORGANIZATION,
            role=Role.OWNER,
        )
        await store.accounts.add(account, organization_name="Default")
