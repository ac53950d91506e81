"""Servers that refuse, an index of Python packages, and a Docker of our own."""

import asyncio
import http.server
import io
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.kit import shell
from tests.odoo.failures.case import Log
from tests.ports import free_port

BUSYBOX = "busybox-static"
_CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class ToolStage:
    """A folder; `web` answers under /files, and refuses elsewhere as its path says."""

    folder: Path
    web: int
    secure_web: int

    @property
    def index(self) -> str:
        return f"http://127.0.0.1:{self.web}/files/simple"

    def fresh(self, name: str) -> Path:
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    async def run(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> Log:
        lines: list[str] = []
        code = await shell.stream(argv, lines.append, env={**_CLEAN, **(env or {})}, cwd="/")
        facts = {"command": self.scrubbed(" ".join(argv))}
        return Log(lines=self._kept(lines), exit_code=code, facts=facts)

    async def listen(self, work: Callable[[Say], object], *, what: str) -> Log:
        """Run a part of ours as a step does: what it says, then the reason it gives."""
        lines: list[str] = []
        try:
            coroutine = work(lines.append)
            assert asyncio.iscoroutine(coroutine)
            await coroutine
        except StepFailed as failure:
            lines.append(f"Failed: {failure}")
            code = failure.exit_code
            return Log(lines=self._kept(lines), exit_code=code, facts={"command": what})
        raise AssertionError("it did not fail")

    def scrubbed(self, line: str) -> str:
        for real, shown in (
            (str(self.folder), "/srv/platform"),
            (f"127.0.0.1:{self.web}", "packages.example:8080"),
            (f"127.0.0.1:{self.secure_web}", "git.example:8443"),
            (f"port {self.web}", "port 8080"),
            (f"port {self.secure_web}", "port 8443"),
            (str(Path(sys.prefix)), "/opt/ocore"),
        ):
            line = line.replace(real, shown)
        return line

    def _kept(self, lines: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.scrubbed(line) for text in lines for line in text.splitlines())


class Refusing(http.server.SimpleHTTPRequestHandler):
    """Gives the files of a folder, and answers with what else the path asks for."""

    folder: Path

    def do_GET(self) -> None:
        kind = self.path.split("/")[1].partition("?")[0]
        if kind == "files":
            self.path = self.path.removeprefix("/files")
            super().do_GET()
        elif kind == "slow":
            time.sleep(60)
        else:
            self.refuse(kind)

    do_POST = do_HEAD = do_GET  # noqa: N815 - http.server looks for these names

    def refuse(self, kind: str) -> None:
        code = {"auth": 401, "forbidden": 403, "broken": 500}.get(kind, 404)
        self.send_response(code)
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: clients hang up as they like."""


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[int]:
    def handler(*arguments: object) -> Refusing:
        return Refusing(*arguments, directory=str(folder))  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@asynccontextmanager
async def tool_stage() -> AsyncIterator[ToolStage]:
    folder = Path(tempfile.mkdtemp(prefix="oc-tools-"))
    folder.chmod(0o755)
    make_index(folder / "web" / "simple")
    certificate = folder / "certificate.pem"
    make_certificate(certificate)
    try:
        with serving(folder / "web") as web, serving(folder / "web", certificate) as secure:
            yield ToolStage(folder, web, secure)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_certificate(path: Path) -> None:
    """Write a key and a certificate that nobody but we signed."""
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=git.example"]
    files = ["-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
    with path.open("a") as out:
        out.write(Path(f"{path}.crt").read_text())


def make_index(simple: Path) -> None:
    """Write an index of packages (PEP 503), each of which fails in one way."""
    setup = "from setuptools import Extension, setup\nsetup(name='{0}', version='1.0', {1})\n"
    extension = "ext_modules=[Extension('ldapish', ['ldapish.c'])]"
    sources = {
        "library-native": {
            "setup.py": setup.format("library-native", extension),
            "ldapish.c": "#include <lber.h>\nint main(void) { return 0; }\n",
        },
        "library-broken": {"setup.py": "raise SystemExit('Only Python 2 will do.')\n"},
        "library-config": {
            "setup.py": "raise RuntimeError('pg_config executable not found.')\n",
        },
    }
    for name, files in sources.items():
        add(simple, name, f"{name}-1.0.tar.gz", sdist(f"{name}-1.0", files))
    wheels = (
        ("library-core", "1.0", {}, ""),
        ("library-isbn", "2.0", {}, "Requires-Dist: library-core>=2\n"),
        ("library-future", "1.0", {}, "Requires-Python: >=3.99\n"),
        ("library-large", "1.0", {"large.bin": os.urandom(8 << 20)}, ""),
    )
    for name, version, files, metadata in wheels:
        file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        add(simple, name, file, wheel(name, version, files, metadata))
    platform = "library_elsewhere-1.0-cp311-cp311-win_amd64.whl"
    add(simple, "library-elsewhere", platform, wheel("library-elsewhere", "1.0", {}, ""))
    for name, version in (("setuptools", "80.9.0"), ("wheel", "0.43.0")):
        target = ["--no-deps", "-d", str(simple / name)]
        command = ["python3", "-m", "pip", "download", "-q", *target]
        subprocess.run([*command, f"{name}=={version}"], check=True)
        for file in list((simple / name).iterdir()):
            add(simple, name, file.name, file.read_bytes())


def add(simple: Path, name: str, file: str, content: bytes) -> None:
    folder = simple / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    requires = ' data-requires-python="&gt;=3.99"' if name == "library-future" else ""
    page = f'<!DOCTYPE html><html><body><a href="{file}"{requires}>{file}</a></body></html>'
    (folder / "index.html").write_text(page)


def sdist(folder: str, files: Mapping[str, str]) -> bytes:
    name, _, version = folder.rpartition("-")
    more = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in {**files, **more}.items():
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def wheel(name: str, version: str, files: Mapping[str, bytes], metadata: str) -> bytes:
    base = f"{name.replace('-', '_')}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
    tag = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {f"{base}/METADATA": about.encode(), f"{base}/WHEEL": tag.encode(), **files}
    listed = "".join(f"{path},,\n" for path in [*content, f"{base}/RECORD"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in {**content, f"{base}/RECORD": listed.encode()}.items():
            archive.writestr(path, data)
    return buffer.getvalue()


@dataclass(frozen=True)
class DockerStage:
    """A Docker daemon with a tiny image, on a disk of 200 MB."""

    tools: ToolStage
    registry: int
    closed_registry: int

    @property
    def socket(self) -> str:
        return f"unix://{self.tools.folder}/docker.sock"

    async def docker(self, *arguments: str, host: str | None = None, buildkit: bool = False) -> Log:
        env = {"DOCKER_HOST": host or self.socket, "DOCKER_BUILDKIT": str(int(buildkit))}
        config = str(self.tools.folder / "docker-config")
        log = await self.tools.run(["docker", "--config", config, *arguments], env=env)
        lines = tuple(self.scrubbed(line) for line in log.lines)
        facts = {key: self.scrubbed(value) for key, value in log.facts.items()}
        return Log(lines=lines, exit_code=log.exit_code, facts=facts)

    async def build(self, dockerfile: str, *, buildkit: bool = False) -> Log:
        context = self.tools.fresh("context")
        (context / "Dockerfile").write_text(dockerfile)
        options = ["--progress=plain"] if buildkit else []
        return await self.docker(
            "build", "--network=host", *options, "-t", "library", str(context), buildkit=buildkit
        )

    def scrubbed(self, line: str) -> str:
        for port, shown in (
            (self.registry, "registry.example:5000"),
            (self.closed_registry, "closed.example:5000"),
        ):
            line = line.replace(f"127.0.0.1:{port}", shown)
        return line


@asynccontextmanager
async def docker_stage() -> AsyncIterator[DockerStage]:
    async with tool_stage() as tools:
        ports = free_port(), free_port()
        stage = DockerStage(tools, *ports)
        disk = tools.folder / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "none", str(disk)]
        subprocess.run(mount, check=True)
        programs = [
            daemon(tools.folder, disk, stage.socket),
            *(
                registry(tools.folder, port, closed=closed)
                for port, closed in zip(ports, (False, True), strict=True)
            ),
        ]
        try:
            await _bring_busybox(stage)
            yield stage
        finally:
            for program in programs:
                program.terminate()
                program.wait(30)
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
            # What a daemon that ran a container leaves behind: its name space of the network.
            left = tools.folder / "exec" / "netns" / "default"
            subprocess.run(["umount", "--lazy", str(left)], check=False, capture_output=True)


def daemon(folder: Path, disk: Path, socket: str) -> subprocess.Popen[bytes]:
    """Start a Docker daemon beside any other, without a network of its own."""
    files = ["--data-root", str(disk), "--exec-root", f"{folder}/exec"]
    process = ["--pidfile", f"{folder}/docker.pid", "-H", socket]
    log = (folder / "dockerd.log").open("wb")
    argv = ["dockerd", *files, *process, "--bridge=none", "--iptables=false"]
    return subprocess.Popen(argv, stdout=log, stderr=log)


def registry(folder: Path, port: int, *, closed: bool) -> subprocess.Popen[bytes]:
    """Start a registry; a closed one knows one user, and nobody his password."""
    here = folder / f"registry-{port}"
    here.mkdir()
    users = here / "users"
    users.write_text(f"ana:$2y$05${'a' * 53}\n")
    auth = f"auth:\n  htpasswd:\n    realm: library\n    path: {users}\n" if closed else ""
    conf = here / "config.yml"
    conf.write_text(
        "version: 0.1\nstorage:\n  filesystem:\n"
        f"    rootdirectory: {here}/data\nhttp:\n  addr: 127.0.0.1:{port}\n{auth}"
    )
    log = (here / "log").open("wb")
    return subprocess.Popen(["docker-registry", "serve", str(conf)], stdout=log, stderr=log)


async def _bring_busybox(stage: DockerStage) -> None:
    root = stage.tools.fresh("root")
    subprocess.run(["apt-get", "download", BUSYBOX], cwd=stage.tools.folder, check=True)
    (package,) = stage.tools.folder.glob(f"{BUSYBOX}_*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    (root / "bin" / "sh").symlink_to("busybox")
    archive = stage.tools.folder / "root.tar"
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "bin"], check=True)
    for _ in range(120):
        if (await stage.docker("version")).exit_code == 0:
            break
        await asyncio.sleep(0.5)
    imported = await stage.docker("import", str(archive), "busybox:1")
    assert imported.exit_code == 0, imported.lines
