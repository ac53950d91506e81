"""Odoo from Debian's package, unpacked beside its web client's companions; nothing is installed."""

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.files import replace_file
from ocore.kit.locks import exclusive
from ocore.kit.threads import to_its_end
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.layout import check_whole, debian_tree

PACKAGES: Final = {"19.0": "odoo-19"}
# Odoo's web client holds relative links into these; without them /web/health passes and
# /web/login answers 500.
COMPANIONS: Final = (
    "fonts-font-awesome",
    "fonts-glyphicons-halflings",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
SUITE: Final = "sid"
_BUNDLED: Final = frozenset({".css", ".js", ".scss", ".xml"})
ARCHIVE: Final = "https://deb.debian.org/debian"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class DebianProvider:
    """Keeps what it made under `cache`; asks the network only when there is nothing yet.

    `mirror` is the archive's address; None takes the one this machine's apt uses.
    """

    def __init__(self, cache: Path, *, mirror: str | None) -> None:
        self._cache = cache
        self._mirror = mirror

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        package = PACKAGES.get(series)
        if package is None or source is not None:
            raise StepFailed(
                f"Debian has no Odoo {source or series}: it has {', '.join(PACKAGES)};"
                " use the provider git or path"
            )
        record = self._cache / "odoo" / f"debian-{series}"
        async with exclusive(self._cache / "locks" / "odoo-debian.lock"):
            content = _recorded(record)
            if content is None or not self._root(content).exists():
                content = await self._make(package, series, say=say)
                replace_file(record, content)
        return check_whole(debian_tree(self._root(content), series, content), series)

    def _root(self, content: str) -> Path:
        return self._cache / "odoo" / f"debian-{content[:16]}"

    async def _make(self, package: str, series: str, *, say: Say) -> str:
        """Fetch and unpack; return the digest of what was fetched."""
        mirror = await asyncio.to_thread(known_mirror) if self._mirror is None else self._mirror
        scratch = self._cache / f".debian.{os.getpid()}"
        await to_its_end(_clear, scratch)
        try:
            say(f"Downloading {package} from Debian {SUITE}")
            packages = await self._download(mirror, (package, *COMPANIONS), scratch)
            content = await asyncio.to_thread(_digest, packages)
            if not self._root(content).exists():
                say(f"Unpacking {len(packages)} packages")
                await self._unpack(packages, scratch / "root", self._root(content), series)
            return content
        finally:
            await to_its_end(shutil.rmtree, scratch)

    async def _download(self, mirror: str, packages: Sequence[str], scratch: Path) -> list[Path]:
        options = apt_options(scratch)
        (scratch / "sources.list").write_text(source_line(mirror))
        await self._run(["apt-get", *options, "update"])
        folder = scratch / "packages"
        await self._run(["apt-get", *options, "download", *packages], cwd=str(folder))
        found = sorted(folder.glob("*.deb"))
        if len(found) != len(packages):
            raise StepFailed(f"apt downloaded {len(found)} of {len(packages)} packages")
        return found

    async def _unpack(
        self, packages: Iterable[Path], root: Path, target: Path, series: str
    ) -> None:
        for package in packages:
            await self._run(["dpkg-deb", "--extract", str(package), str(root)])
        check_whole(debian_tree(root, series, ""), series)
        broken = await asyncio.to_thread(_dangling, root / "usr/lib/python3/dist-packages/odoo")
        if broken:
            raise StepFailed(f"Debian's Odoo refers to files of a package we lack: {broken[0]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        root.rename(target)

    async def _run(self, argv: list[str], *, cwd: str | None = None) -> str:
        try:
            return await shell.run(argv, cwd=cwd, seconds=1800)
        except shell.CommandFailed as failure:
            raise StepFailed(f"Odoo cannot be had from Debian: {failure}") from failure


def known_mirror(apt: Path = Path("/etc/apt"), release: Path = Path("/etc/os-release")) -> str:
    """Return the archive of this machine's own apt; Debian's public one where that is not Debian's.

    os-release(5) says which distribution this is.
    """
    pairs = (line.partition("=") for line in release.read_text().splitlines())
    facts = {key: value.strip('"') for key, _, value in pairs}
    if facts.get("ID") == "debian":
        for file in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
            codename = facts.get("VERSION_CODENAME", "")
            mirror = mirror_in(file.read_text(), codename) if file.is_file() else None
            if mirror:
                return mirror
    return ARCHIVE


def mirror_in(sources: str, codename: str) -> str | None:
    """Return the address from which a sources file takes this release, in either of its formats."""
    address = None
    for line in sources.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "deb":
            plain = [word for word in re.sub(r"\[.*?\]", "", line).split()[1:] if word]
            if plain[1:2] == [codename]:
                return plain[0]
        elif words[0] == "URIs:":
            address = words[1]
        elif words[0] == "Suites:" and codename in words:
            return address
    return None


def apt_options(scratch: Path) -> list[str]:
    """Return what keeps apt away from the system's state, so that any user may run it."""
    settings = {
        "Dir::Etc::SourceList": scratch / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": scratch / "state",
        "Dir::State::Lists": scratch / "state" / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": scratch / "cache",
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "APT::Sandbox::User": "root",
    }
    return [
        "-qq",
        *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")),
    ]


def source_line(mirror: str) -> str:
    """Return the line of sources.list; signed by Debian's keys where this machine has them."""
    trust = f"signed-by={KEYRING}" if KEYRING.exists() else "trusted=yes"
    return f"deb [{trust}] {mirror} {SUITE} main\n"


def _recorded(record: Path) -> str | None:
    try:
        return record.read_text()
    except FileNotFoundError:
        return None


def _clear(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in ("state/lists/partial", "cache/archives/partial", "packages"):
        (scratch / folder).mkdir(parents=True)


def _digest(packages: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for package in packages:
        with package.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _dangling(folder: Path) -> list[Path]:
    """Return links into nothing among the files that bundles are made of; a font may be missing."""
    links = (path for path in folder.rglob("*") if path.suffix in _BUNDLED and path.is_symlink())
    return [path for path in links if not path.exists()]
