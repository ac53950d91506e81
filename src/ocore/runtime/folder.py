"""What the process runtime keeps on disk for one instance."""

import os
from dataclasses import dataclass
from pathlib import Path

from ocore.kit.privileges import OsUser


@dataclass(frozen=True, slots=True)
class InstanceFolder:
    """`$OCORE_HOME/instances/<database>`."""

    root: Path

    @property
    def data(self) -> Path:
        """Odoo's data_dir: filestore and sessions, shared by both colours."""
        return self.root / "data"

    @property
    def ports(self) -> Path:
        """The ports of both colours."""
        return self.root / "ports.json"

    @property
    def updater(self) -> Path:
        """Which process updates the modules, while one does."""
        return self.root / "updater"

    def conf(self, part: str) -> Path:
        """Return the odoo.conf of a colour, the crons or the updater."""
        return self.root / "conf" / f"{part}.conf"

    def log(self, part: str) -> Path:
        """Return what this part printed since it runs its present image."""
        return self.root / "log" / f"{part}.log"

    def make(self, owner: OsUser | None) -> None:
        """Make the folders; Odoo may enter all of them, and write only its data."""
        for folder in (self.root, self.root / "conf", self.root / "log", self.data):
            folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)
        (self.root / "conf").chmod(0o711)
        (self.root / "log").chmod(0o700)
        if owner is not None and owner.uid != os.geteuid():
            os.chown(self.data, owner.uid, owner.gid)
        self.data.chmod(0o700)
