"""Where everything lies under $OCORE_HOME."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The state of one platform. Folders are made by those who fill them."""

    root: Path

    @property
    def secrets(self) -> Path:
        """Mode 0700; one secret a file."""
        return self.root / "secrets"

    @property
    def postgres(self) -> Path:
        """The embedded cluster: `data/`, owned by the user PostgreSQL runs as."""
        return self.root / "postgres"

    @property
    def cache(self) -> Path:
        """What can be fetched or made again: `odoo/`, `venvs/`, `packages/`."""
        return self.root / "cache"

    @property
    def gates(self) -> Path:
        """What checks found out about modules, by content; can be made again."""
        return self.root / "gates"

    @property
    def mirrors(self) -> Path:
        """Bare git mirrors, one a project."""
        return self.root / "mirrors"

    @property
    def checkouts(self) -> Path:
        """The files of commits, `<project>/<sha>/`."""
        return self.root / "checkouts"

    @property
    def releases(self) -> Path:
        """Images of the process runtime, by digest."""
        return self.root / "releases"

    @property
    def papers(self) -> Path:
        """What is in each image, and what it was made of."""
        return self.root / "papers"

    @property
    def pushed(self) -> Path:
        """Which digest a registry gave to each image."""
        return self.root / "pushed"

    @property
    def instances(self) -> Path:
        """`<database>/` with `conf/`, `log/`, and Odoo's data_dir `data/`."""
        return self.root / "instances"

    def filestore(self, database: str) -> Path:
        """Where Odoo keeps the attachments of a database (`odoo.tools.config.filestore`)."""
        return self.instances / database / "data" / "filestore" / database

    @property
    def snapshots(self) -> Path:
        """`<snapshot id>/` with `filestore/` and, for a dump, `dump/`."""
        return self.root / "snapshots"

    @property
    def proxy(self) -> Path:
        """Traefik's static file and its watched folder."""
        return self.root / "proxy"

    @property
    def run(self) -> Path:
        """Sockets, pid files and the supervisor's programs."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """What the platform's own processes print."""
        return self.root / "log"
