"""Virtual environments, one for each set of requirements, shared by all who need that set."""

import hashlib
import os
import platform
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.locks import exclusive
from ocore.kit.privileges import OsUser, as_user
from ocore.kit.threads import to_its_end
from ocore.odoo.providers import OdooTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Venvs:
    """Makes environments under `cache`, with `python` as their interpreter.

    Installing a distribution may run its code, so that `user` does it (None: our own user), and
    what it made is taken from that user afterwards. `environment` is passed on: proxies, indexes.
    """

    cache: Path
    python: Path
    user: OsUser | None
    environment: Mapping[str, str]

    @property
    def python_version(self) -> str:
        return platform.python_version() if self.user is None else self.python.resolve().name

    async def make(self, requirements: Sequence[str], *, say: Say) -> Path:
        """Return the interpreter of an environment with these requirements, made or found."""
        wanted = sorted(set(requirements))
        key = hashlib.sha256("\n".join([self.python_version, *wanted]).encode()).hexdigest()[:16]
        target = self.cache / "venvs" / key
        async with exclusive(self.cache / "locks" / f"venv-{key}.lock"):
            if not target.exists():
                say(f"Installing {len(wanted)} Python requirements")
                await self._make(target, wanted, say=say)
        return target / "bin" / "python"

    async def compile(self, python: Path, tree: OdooTree, *, say: Say) -> None:
        """Compile Odoo's own files once, so that no start of it has to."""
        root = Path(tree.python_path)
        done = self.cache / "compiled" / f"{tree.content_hash[:16]}-{self.python_version}"
        async with exclusive(self.cache / "locks" / f"{done.name}.lock"):
            if done.exists() or not os.access(root, os.W_OK):
                return
            say("Compiling Odoo's Python files, once")
            # Some files are for other versions of Python: what does not compile is left alone.
            await shell.stream([str(python), "-m", "compileall", "-q", "-j", "0", str(root)], _mute)
            done.parent.mkdir(parents=True, exist_ok=True)
            done.touch()

    async def _make(self, target: Path, wanted: Sequence[str], *, say: Say) -> None:
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            await to_its_end(self._prepare, fresh)
            uv_program = await to_its_end(self._uv)
            await self._run(venv_command(uv_program, self.python, fresh), say=say)
            (fresh / "requirements.txt").write_text("\n".join(wanted) + "\n")
            await self._run(install_command(uv_program, fresh), say=say)
            await to_its_end(_take_over, fresh)
            fresh.rename(target)
        finally:
            await to_its_end(shutil.rmtree, fresh, ignore_errors=True)

    async def _run(self, argv: list[str], *, say: Say) -> None:
        last: list[str] = []

        def hear(line: str) -> None:
            last.append(line)
            say(line)

        code = await shell.stream(as_user(argv, self.user), hear, env=self._environment(), cwd="/")
        if code:
            reason = " ".join(line.strip() for line in last[-6:])
            raise StepFailed(f"Python requirements cannot be installed: {reason}", exit_code=code)

    def _environment(self) -> dict[str, str]:
        return {
            **self.environment,
            "HOME": str(self.cache / "uv"),
            "UV_CACHE_DIR": str(self.cache / "uv"),
            # What is taken over from the build's user must not be the cache's own files: the next
            # environment could not link them any more (fs.protected_hardlinks).
            "UV_LINK_MODE": "copy",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_SYSTEM_CERTS": "1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }

    def _prepare(self, fresh: Path) -> None:
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in (fresh, self.cache / "uv"):
            folder.mkdir(parents=True, exist_ok=True)
            if self.user is not None and os.geteuid() == 0:
                os.chown(folder, self.user.uid, self.user.gid)

    def _uv(self) -> Path:
        """Return uv where the build's user can run it: our own may lie in a closed folder."""
        copy = self.cache / "bin" / "uv"
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            # Two environments may be made at once, each under a lock of its own.
            fresh = copy.with_name(f".uv.{secrets.token_hex(8)}")
            try:
                shutil.copy2(uv.find_uv_bin(), fresh)
                fresh.replace(copy)
            finally:
                fresh.unlink(missing_ok=True)
        return copy


def venv_command(uv_program: Path, python: Path, folder: Path) -> list[str]:
    options = ["--quiet", "--relocatable", "--allow-existing", "--python", str(python)]
    return [str(uv_program), "venv", *options, str(folder)]


def install_command(uv_program: Path, folder: Path) -> list[str]:
    python = str(folder / "bin" / "python")
    options = ["--quiet", "--compile-bytecode", "--python", python]
    return [str(uv_program), "pip", "install", *options, "-r", str(folder / "requirements.txt")]


def _take_over(folder: Path) -> None:
    """Let nobody but us change what was installed."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 0, 0, follow_symlinks=False)


def _mute(_line: str) -> None:
    return None
