"""What belongs to a database and is not in it: owner, grants, settings, comment, connection limit.

`CREATE DATABASE … TEMPLATE` copies none of it, and a dump without `--create` carries none of it.
"""

from dataclasses import dataclass, replace
from typing import Final

from psycopg import sql

from ocore.errors import StepFailed
from ocore.kit.databases import Connection

_LISTS: Final = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Settings that are lists of names, kept quoted (PostgreSQL, `variable_is_guc_list_quote`)."""

_PROVIDERS: Final = {"b": "builtin", "i": "icu", "c": "libc"}
"""What `pg_database.datlocprovider` says (PostgreSQL, `CREATE DATABASE`: LOCALE_PROVIDER)."""

_NO_LIMIT: Final = -1
_REMEMBERED: Final = "ocore.connection_limit"
"""The setting in which a closed database keeps the limit it had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A right on the database; an empty `role` is PUBLIC."""

    role: str
    privilege: str
    grantable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`ALTER DATABASE … SET`, or `ALTER ROLE … IN DATABASE … SET` where there is a `role`."""

    role: str | None
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """All that a copy of a database has to be given beside its contents.

    From `encoding` to `rules` they can only be given when a database is made from nothing; the last
    two belong to a `provider` other than libc.
    """

    owner: str
    encoding: str
    collate: str
    ctype: str
    provider: str = "libc"
    locale: str | None = None
    rules: str | None = None
    connection_limit: int
    comment: str | None
    grants: tuple[Grant, ...]
    settings: tuple[Setting, ...]


def given_to(properties: Properties, owner: str) -> Properties:
    """Return the properties of a copy that belongs to somebody else, and to nobody besides.

    Other roles' rights and settings stay behind: on another server there are no such roles, and
    in another environment they have no business.
    """
    was = properties.owner
    return replace(
        properties,
        owner=owner,
        grants=tuple(
            replace(grant, role=owner if grant.role == was else grant.role)
            for grant in properties.grants
            if grant.role in {"", was}
        ),
        settings=tuple(
            replace(each, role=owner if each.role else None)
            for each in properties.settings
            if each.role in {None, was}
        ),
    )


async def read_properties(connection: Connection, database: str) -> Properties:
    """Return the properties; those of a closed database as they were before it was closed."""
    found = await connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,"
        " datconnlimit, shobj_description(oid, 'pg_database'), to_jsonb(d)"
        " FROM pg_database d WHERE datname = %s",
        [database],
    )
    row = await found.fetchone()
    if row is None:
        raise StepFailed(f"there is no database {database}")
    owner, encoding, collate, ctype, limit, comment, known = row
    settings = await _settings(connection, database)
    remembered = next((each.value for each in settings if each.name == _REMEMBERED), limit)
    return Properties(
        owner=owner,
        encoding=encoding,
        collate=collate,
        ctype=ctype,
        # PostgreSQL 14 knows no provider, and up to 16 the locale is called after ICU.
        provider=_PROVIDERS[known.get("datlocprovider", "c")],
        locale=known.get("datlocale") or known.get("daticulocale"),
        rules=known.get("daticurules"),
        # A limit of 0 is what a closed database has; nobody gives it to one that is to be used.
        connection_limit=int(remembered) or _NO_LIMIT,
        comment=comment,
        grants=await _grants(connection, database),
        settings=tuple(each for each in settings if each.name != _REMEMBERED),
    )


def creation(database: str, properties: Properties) -> sql.Composed:
    """Return the statement that makes an empty database which sorts and reads text as this one."""
    words = {
        "OWNER": sql.Identifier(properties.owner),
        "ENCODING": sql.Literal(properties.encoding),
        "LC_COLLATE": sql.Literal(properties.collate),
        "LC_CTYPE": sql.Literal(properties.ctype),
    }
    if properties.provider != "libc":
        words["LOCALE_PROVIDER"] = sql.SQL(properties.provider)
        words[f"{properties.provider.upper()}_LOCALE"] = sql.Literal(properties.locale)
    if properties.rules is not None:
        words["ICU_RULES"] = sql.Literal(properties.rules)
    given = sql.SQL(" ").join(sql.SQL(f"{word} {{}}").format(is_) for word, is_ in words.items())
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ").format(sql.Identifier(database))
    return made + given


async def give(connection: Connection, database: str, properties: Properties) -> None:
    """Give a database these properties, and close it: nobody but an administrator may connect."""
    name = sql.Identifier(database)
    await connection.execute(
        sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(name),
    )
    limit = sql.Literal(str(properties.connection_limit))
    remembered = sql.Identifier(*_REMEMBERED.split("."))
    await connection.execute(
        sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, remembered, limit)
    )
    await connection.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(properties.comment))
    )
    await _give_rights(connection, database, properties)
    for setting in properties.settings:
        await _give_setting(connection, database, setting)


async def close(connection: Connection, database: str) -> None:
    """Keep everyone but an administrator out, from a database that takes connections otherwise."""
    name = sql.Identifier(database)
    await connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(name))
    await connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


async def reopen(connection: Connection, database: str) -> None:
    """Let in whom the database let in before it was closed."""
    name = sql.Identifier(database)
    properties = await read_properties(connection, database)
    limit = sql.Literal(properties.connection_limit)
    await connection.execute(
        sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, limit),
    )
    remembered = sql.Identifier(*_REMEMBERED.split("."))
    await connection.execute(sql.SQL("ALTER DATABASE {} RESET {}").format(name, remembered))


async def _grants(connection: Connection, database: str) -> tuple[Grant, ...]:
    found = await connection.execute(
        "SELECT CASE acl.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(acl.grantee) END,"
        " acl.privilege_type, acl.is_grantable FROM pg_database d,"
        " aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl"
        " WHERE d.datname = %s ORDER BY 1, 2, 3",
        [database],
    )
    return tuple(
        Grant(role=role, privilege=privilege, grantable=grantable)
        for role, privilege, grantable in await found.fetchall()
    )


async def _settings(connection: Connection, database: str) -> tuple[Setting, ...]:
    found = await connection.execute(
        "SELECT CASE s.setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END,"
        " split_part(line, '=', 1), substr(line, strpos(line, '=') + 1)"
        " FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase,"
        " unnest(s.setconfig) line WHERE d.datname = %s ORDER BY 1 NULLS FIRST, 2",
        [database],
    )
    return tuple(
        Setting(role=role, name=name, value=value) for role, name, value in await found.fetchall()
    )


async def _give_rights(connection: Connection, database: str, properties: Properties) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(properties.owner)
    await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(name, owner))
    for grant in properties.grants:
        await connection.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(grant.privilege),  # one of PostgreSQL's own words
                name,
                sql.Identifier(grant.role) if grant.role else sql.SQL("PUBLIC"),
                sql.SQL(" WITH GRANT OPTION" if grant.grantable else ""),
            )
        )


async def _give_setting(connection: Connection, database: str, setting: Setting) -> None:
    whose = sql.SQL("DATABASE {}").format(sql.Identifier(database))
    if setting.role is not None:
        whose = sql.SQL("ROLE {} IN {}").format(sql.Identifier(setting.role), whose)
    name = sql.Identifier(*setting.name.split("."))
    if setting.name not in _LISTS:
        value = sql.Literal(setting.value)
        await connection.execute(sql.SQL("ALTER {} SET {} = {}").format(whose, name, value))
        return
    # A literal would be one long name. The server takes its own quoting apart, for a moment.
    async with connection.transaction():
        await connection.execute("SELECT set_config(%s, %s, true)", [setting.name, setting.value])
        await connection.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(whose, name))
