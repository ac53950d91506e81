"""Organizations, projects and instances: who owns what, and where a deployment lands."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ocore.artifacts import Colour
from ocore.errors import Malformed

PRODUCTION: Final = "production"
_SHORTEST_TOKEN: Final = 16
"""Letters of the shortest token that a host of repositories gives out, and more than a name has."""
ODOO_SERIES: Final = ("19.0",)
PROVIDERS: Final = ("debian", "git", "image", "path")
_SLUG: Final = re.compile(r"[^a-z0-9]+")


class InstanceStatus(StrEnum):
    """`empty` until the first deployment went live; `degraded` when a rollback itself failed."""

    EMPTY = "empty"
    RUNNING = "running"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one instance may use, in Odoo's own words (odoo.conf); memory in bytes, time in s.

    `workers` 0 means one threaded process; more means prefork with its own websocket port.
    """

    workers: int = 0
    max_cron_threads: int = 1
    limit_memory_soft: int = 2 * 1024**3
    limit_memory_hard: int = 2560 * 1024**2
    limit_time_cpu: int = 600
    limit_time_real: int = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository of Odoo modules. `url` never carries a credential."""

    url: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what nobody may read: the password, and a name that may be a token.

        Such a one stands alone or is long. Another is a word like `odoo`, which logs are full of.
        """
        named = self.username or ""
        is_token = self.password is None or len(named) >= _SHORTEST_TOKEN
        return tuple(each for each in (self.password, named if is_token else None) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A repository of Odoo modules and its instances."""

    id: str
    organization_id: str
    organization_slug: str
    name: str
    slug: str
    repository: Repository
    odoo_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One running Odoo: a database, a filestore, an odoo.conf, and the colour that serves.

    `database` is also the name of its PostgreSQL role and of its filestore directory.
    `modules` is what must stay installed: None means every installable module of the repository.
    `provider` says where Odoo comes from; `source` is its path, git URL or image (None for
    `debian`).
    `rehearse` says whether an update is tried on a copy of the data first (None: as the environment
    has it), and `longest_window` how many seconds it may take there (None: any number).
    `hold_seconds` is how long its requests are held (None: as the platform has it).
    A `throwaway` one stands in for another: what it does must not leave the machine.
    """

    id: str
    organization_id: str
    project_id: str
    name: str
    slug: str
    database: str
    host: str
    environment: str = "development"
    odoo_version: str = "19.0"
    provider: str = "debian"
    source: str | None = None
    modules: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    smoke_paths: tuple[str, ...] = ()
    rehearse: bool | None = None
    longest_window: int | None = None
    hold_seconds: float | None = None
    throwaway: bool = False

    @property
    def rehearses(self) -> bool:
        """Say whether updates are rehearsed: development instances do without, others do not."""
        return self.environment != "development" if self.rehearse is None else self.rehearse


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What serves an instance: the deployment that put it there, its image and its colour."""

    deployment_id: str
    commit_sha: str
    image: str
    colour: Colour


def slug_of(name: str) -> str:
    """Return the name as lower-case words joined by hyphens, at most 40 characters."""
    slug = _SLUG.sub("-", name.lower()).strip("-")[:40].strip("-")
    if not slug:
        raise Malformed(
            "name needs at least one letter or digit", code="invalid_name", field="name"
        )
    return slug


def database_name(slug: str, instance_id: str) -> str:
    """Return the database of an instance: readable, unique, and short enough for suffixes.

    PostgreSQL cuts identifiers at 63 bytes (NAMEDATALEN, "4.1.1. Identifiers and Key Words");
    ours end below 40 so that names derived from them are never cut into one another.
    """
    return f"{slug.replace('-', '_')[:24]}_{instance_id.replace('-', '')[-12:]}"
