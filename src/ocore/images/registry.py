"""A registry: where images go after they were built, and come from when they are gone here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiodocker import DockerError

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.images.release import pushed_reference, release_folder
from ocore.kit.docker import DockerEngine, streamed
from ocore.kit.files import replace_file
from ocore.kit.threads import to_its_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One OCI registry, spoken to by the daemon.

    The digest of what was pushed is written down under `records`: an image that comes back is
    asked for by it, so that nobody who may push to the registry can put another in its place.
    """

    engine: DockerEngine
    address: str
    records: Path
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    async def push(self, tag: str, *, say: Say) -> str:
        """Return the name by digest."""
        repository, _, version = tag.rpartition(":")
        digest, told = None, ""
        say(f"Pushing {tag}")
        async with self.engine.connected() as docker:
            login = self.login_for(tag)
            push = docker.images.push(repository, tag=version, auth=login, stream=True)
            try:
                async with streamed(push) as items:
                    async for item in items:
                        digest = item.get("aux", {}).get("Digest", digest)
                        told = _tell(item, told, say)
            except DockerError as failure:
                raise self._failed(tag, failure.message) from failure
        if digest is None:
            raise self._failed(tag, "Docker went away in the middle")
        reference = f"{repository}@{digest}"
        await to_its_end(self._write, tag, reference)
        return reference

    async def pull(self, tag: str) -> bool:
        """Bring back an image that was pushed from here; False when none was, or it is gone.

        StepFailed when the registry cannot be asked: that says nothing about the image.
        """
        reference = pushed_reference(self.records, tag)
        if reference is None:
            return False
        repository, _, version = tag.rpartition(":")
        async with self.engine.connected() as docker:
            try:
                await docker.images.pull(reference, auth=self.login_for(reference))
            except DockerError as failure:
                if "not found" in failure.message or "unknown" in failure.message:
                    return False
                raise StepFailed(
                    f"{tag} is not here, and the registry {self.address} does not give it:"
                    f" {failure.message}"
                ) from failure
            await docker.images.tag(reference, repository, tag=version)
        return True

    @property
    def login(self) -> dict[str, str] | None:
        """Return what opens this registry; None when nothing need."""
        if self.username is None or self.password is None:
            return None
        return {"username": self.username, "password": self.password}

    def login_for(self, reference: str) -> dict[str, str] | None:
        """Return the same, and never for an image of another registry."""
        return self.login if reference.startswith(f"{self.address}/") else None

    def _write(self, tag: str, reference: str) -> None:
        self.records.mkdir(parents=True, exist_ok=True)
        replace_file(release_folder(self.records, tag), reference)

    def _failed(self, tag: str, reason: str) -> StepFailed:
        return StepFailed(f"the registry {self.address} did not take {tag}: {reason}")


def _tell(item: dict[str, Any], told: str, say: Say) -> str:
    """Say what happens to each layer once; progress of bytes comes many times a second."""
    status, layer = item.get("status", ""), item.get("id")
    line = f"{layer}: {status}" if layer else status
    if line == told or status in {"Pushing", "Preparing", "Waiting"}:
        return told
    say(line)
    return line
