"""Somebody at a terminal, or a script in a CI job, who runs `ocore`."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ocore.cli.credentials import Session, load, save
from ocore.kit import clock
from tests.api.parts import Api

OCORE = Path(sys.executable).parent / "ocore"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Runs the installed program with a session file of its own."""

    folder: Path
    api: Api

    @property
    def session_file(self) -> Path:
        return self.folder / "config" / "session.json"

    @property
    def session(self) -> Session:
        found = load(self.session_file)
        assert found is not None
        return found

    def sign_in(self, *, left_seconds: float | None = None, refresh_token: str = "") -> None:
        """Leave the session file of an owner who signed in just now, or so long ago."""
        lifetime = self.api.tokens.lifetime
        left = lifetime if left_seconds is None else timedelta(seconds=left_seconds)
        caller = self.api.acme.caller()
        token = self.api.tokens.sign(caller, now=clock.now() + left - lifetime)
        session = Session(
            api_url=f"{self.api.url}/api", access_token=token, refresh_token=refresh_token
        )
        save(self.session_file, session)

    async def run(self, *arguments: str, typed: str = "", **more: str) -> Ended:
        """Run a command whose output goes into a pipe, as in a script."""
        process = await asyncio.create_subprocess_exec(
            OCORE,
            *arguments,
            env=self._environment(more),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(typed.encode())
        assert process.returncode is not None
        return Ended(code=process.returncode, out=out.decode(), err=err.decode())

    async def show(self, *arguments: str) -> str:
        """Run a command on a real terminal of 120 columns; return all that was drawn on it."""
        ours, theirs = pty.openpty()
        environment = self._environment({"TERM": "xterm-256color", "COLUMNS": "120"})
        process = subprocess.Popen(
            [OCORE, *arguments], env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        drawn = await asyncio.to_thread(_read_all, ours)
        await asyncio.to_thread(process.wait, 30)
        return drawn

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "OCORE_SESSION_FILE": str(self.session_file),
            **more,
        }


def _read_all(terminal: int) -> str:
    drawn = b""
    while True:
        try:
            drawn += os.read(terminal, 1 << 16)
        except OSError:
            # Linux says EIO when the last program has closed its side (pty(7)).
            os.close(terminal)
            return drawn.decode()
