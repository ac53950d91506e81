import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from ocore.attestations import Statement, Subject
from ocore.embedded.signing import signer_of
from tests.cli.terminal import OCORE, Terminal
from tests.deployments.world import World

STATEMENT = Statement(
    subjects=(Subject(name="acme/library:c0ffee-5e1ec7ed", digest={"sha256": "ab" * 32}),),
    predicate_type="https://slsa.dev/provenance/v1",
    predicate={"commit": "c0ffee"},
)


def verify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as somebody who has no platform, no session and no home."""
    return subprocess.run(
        [OCORE, "verify", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    signer = signer_of(tmp_path / "secrets")
    (tmp_path / "statement.json").write_text(signer.sign(STATEMENT))
    (tmp_path / "ours.pub").write_text(signer.public_key)
    (tmp_path / "other.pub").write_text(signer_of(tmp_path / "others").public_key)
    return tmp_path


def test_a_statement_is_verified_far_from_the_platform(folder: Path) -> None:
    ended = verify(folder, "statement.json", "--key=other.pub", "--key=ours.pub")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        f"signed with  {signer_of(folder / 'secrets').keyid}",
        "says         https://slsa.dev/provenance/v1",
        "about        acme/library:c0ffee-5e1ec7ed",
        f"             sha256:{'ab' * 32}",
    ]
    ended = verify(folder, "statement.json", "--key=ours.pub", "--json")
    assert msgspec.json.decode(ended.stdout, type=Statement) == STATEMENT


def test_a_statement_of_somebody_else_fails_with_the_reason(folder: Path) -> None:
    ended = verify(folder, "statement.json", "--key=other.pub")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "statement.json: it was signed with another key" in ended.stderr
    ended = verify(folder, "statement.json", "--key=statement.json")
    assert ended.returncode == 1
    assert "statement.json: this is no Ed25519 public key" in ended.stderr


async def test_the_platform_hands_out_its_public_key(terminal: Terminal) -> None:
    terminal.sign_in()
    printed = await terminal.run("public-key")
    assert printed.code == 0, printed.err
    answer = await terminal.api.get("/api/public-key", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("application/x-pem-file")
    assert printed.out.encode() == answer.body
    assert printed.out.startswith("-----BEGIN PUBLIC KEY-----\n")


async def test_the_evidence_of_a_deployment_is_verified_far_from_the_platform(
    terminal: Terminal, world: World, tmp_path: Path
) -> None:
    terminal.sign_in()
    project = f"--project={terminal.api.acme.project.id}"
    deployed = await terminal.run("deploy", project, "--branch=main", "--json")
    assert (deployed.code, world.updates) == (0, 1)
    ended = deployed.events[-1]["data"]
    exported = await terminal.run("evidence", project, ended["id"])
    assert exported.code == 0, exported.err
    (tmp_path / "evidence.json").write_text(exported.out)
    (tmp_path / "ours.pub").write_text((await terminal.run("public-key")).out)
    verified = verify(tmp_path, "evidence.json", "--key=ours.pub", "--json")
    assert verified.returncode == 0, verified.stderr
    predicate = msgspec.json.decode(verified.stdout, type=Statement).predicate
    # Its moment of writing is that of its end, so that it is the same whenever it is asked for.
    assert {**ended, "updatedAt": ended["completedAt"]}.items() <= predicate.items()
    (tmp_path / "evidence.json").write_text(exported.out.replace('"payload":"e', '"payload":"f'))
    assert verify(tmp_path, "evidence.json", "--key=ours.pub").returncode == 1
