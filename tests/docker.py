"""A Docker daemon for tests: of our own, on a private socket, gone at the end."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiodocker import Docker

from ocore.errors import StepFailed
from ocore.kit.docker import DockerEngine
from ocore.kit.locks import exclusive
from tests.real_odoo import cache_folder

PROGRAMS = ("dockerd", "docker-registry", "debootstrap", "iptables", "ip")


def need_docker() -> None:
    """Skip where there is no Docker to test with, and say so; in CI that is a failure."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() == 0 and not missing:
        return
    reason = f"these programs are missing: {', '.join(missing)}" if missing else "root is needed"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must test the Docker runtime, but {reason}")
    pytest.skip(f"THE DOCKER RUNTIME IS NOT TESTED: {reason}")


@dataclass
class Daemon:
    """One dockerd. Its images are kept from run to run; `root` is short and lives one run.

    `address` is the machine's own, on the network of the daemon's containers.
    """

    data: Path
    root: Path
    bridge: str = field(default_factory=lambda: f"oc{secrets.token_hex(4)}")
    address: str = field(default_factory=lambda: f"10.213.{secrets.randbelow(250)}.1")
    process: subprocess.Popen[bytes] | None = None

    @property
    def engine(self) -> DockerEngine:
        return DockerEngine(f"unix://{self.root}/d.sock")

    async def start(self) -> None:
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        try:
            async with self.engine.connected():
                return
        except StepFailed as failure:
            raise AssertionError((self.root / "log").read_text()[-3000:]) from failure

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None
        # Its containerd dies with it. Where nobody buries orphans it stays a zombie, which the next
        # daemon would take for a containerd that is about to answer.
        for file in ("pid", "exec/containerd/containerd.pid"):
            (self.root / file).unlink(missing_ok=True)

    def _command(self) -> list[str]:
        return [
            "dockerd",
            f"--data-root={self.data}",
            f"--exec-root={self.root}/exec",
            f"--pidfile={self.root}/pid",
            f"--host=unix://{self.root}/d.sock",
            f"--bridge={self.bridge}",
            "--insecure-registry=127.0.0.0/8",
            # As systemd gives a daemon of Docker's own packages, so containers that do not ask.
            "--default-ulimit=nofile=1024:4096",
            "--log-level=warn",
        ]


@asynccontextmanager
async def running_daemon() -> AsyncIterator[Daemon]:
    data = cache_folder() / "docker-data"
    async with (
        exclusive(cache_folder() / "locks" / "docker-data.lock"),
        daemon_on(data) as daemon,
    ):
        await _sweep(daemon.engine)
        yield daemon
        if daemon.process is None:
            await daemon.start()
            await _sweep(daemon.engine)


@asynccontextmanager
async def daemon_on(data: Path) -> AsyncIterator[Daemon]:
    """Run one more daemon, with its images in this folder."""
    daemon = Daemon(data, Path(tempfile.mkdtemp(prefix="ocd-", dir="/tmp")))
    _add_bridge(daemon.bridge, daemon.address)
    try:
        await daemon.start()
        yield daemon
    finally:
        daemon.stop()
        _run("ip", "link", "delete", daemon.bridge)
        _unmount(daemon.root)
        # The daemon binds it over itself and leaves it so.
        _unmount(daemon.data)
        shutil.rmtree(daemon.root)


async def carry(source: DockerEngine, target: DockerEngine, *tags: str) -> None:
    """Give images of one daemon to another."""
    async with source.connected() as here, target.connected() as there:
        for tag in tags:
            async with here.images.export_image(tag) as exported:
                async for _ in there.images.import_image(exported.iter_any(), stream=True):
                    pass


@asynccontextmanager
async def one_node_swarm(daemon: Daemon) -> AsyncIterator[Daemon]:
    """Make this daemon the only node of a swarm, on an address that no other daemon uses."""
    address = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}.1"
    async with daemon.engine.connected() as docker:
        await _leave_swarm(docker)
        await docker.swarm.init(advertise_addr=address, listen_addr=f"{address}:2377")
    yield daemon
    async with daemon.engine.connected() as docker:
        await _leave_swarm(docker)


@asynccontextmanager
async def joined(manager: Daemon, other: Daemon) -> AsyncIterator[str]:
    """Make a daemon a worker of this manager's swarm; yields the id of its node."""
    async with manager.engine.connected() as docker:
        token = (await docker.swarm.inspect())["JoinTokens"]["Worker"]
        [managing] = (await docker.system.info())["Swarm"]["RemoteManagers"]
    async with other.engine.connected() as docker:
        address = managing["Addr"].rpartition(":")[0].removesuffix("1") + "2"
        await docker.swarm.join(
            remote_addrs=[managing["Addr"]],
            join_token=token,
            advertise_addr=address,
            listen_addr=f"{address}:2377",
        )
        node = (await docker.system.info())["Swarm"]["NodeID"]
    yield node
    if other.process is not None:
        async with other.engine.connected() as docker:
            await docker.swarm.leave(force=True)
    async with manager.engine.connected() as docker:
        await docker.nodes.remove(node_id=node, force=True)


async def change_node(manager: Daemon, node: str | None = None, **change: object) -> None:
    """Change `Labels` or `Availability` of a node; None is the manager's own."""
    async with manager.engine.connected() as docker:
        known = node or (await docker.system.info())["Swarm"]["NodeID"]
        found = await docker.nodes.inspect(node_id=known)
        version = found["Version"]["Index"]
        await docker.nodes.update(node_id=known, version=version, spec={**found["Spec"], **change})


async def _leave_swarm(docker: Docker) -> None:
    if (await docker.system.info())["Swarm"]["LocalNodeState"] != "inactive":
        await docker.swarm.leave(force=True)


async def _sweep(engine: DockerEngine) -> None:
    """Remove all containers, and all images of projects: each run builds its own."""
    async with engine.connected() as docker:
        for container in await docker.containers.list(all=1):
            await container.delete(force=True)
        for image in await docker.images.list(filters={"label": ["ocore.project"]}):
            # What they were built on stays: the next run need not install it anew.
            await docker.images.delete(image["Id"], force=True, noprune=True)


def _add_bridge(name: str, address: str) -> None:
    # Of our own, because daemons that share the network of a machine share docker0 as well, and
    # take it with them when they go.
    _run("ip", "link", "add", name, "type", "bridge")
    _run("ip", "address", "add", f"{address}/24", "dev", name)
    _run("ip", "link", "set", name, "up")


def _unmount(root: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(str(root))), reverse=True):
        _run("umount", "--lazy", mount)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)
