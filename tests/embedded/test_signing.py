import stat
import subprocess
from hashlib import sha256
from pathlib import Path

from ocore.embedded.signing import signer_of


def test_a_platform_has_one_key_that_only_it_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    signer = signer_of(folder)
    assert signer_of(folder).keyid == signer.keyid
    assert signer_of(tmp_path / "others").keyid != signer.keyid
    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_id_of_the_key_can_be_worked_out_by_anybody(tmp_path: Path) -> None:
    signer = signer_of(tmp_path)
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"],
        input=signer.public_key.encode(),
        capture_output=True,
        check=True,
    )
    assert sha256(der.stdout).hexdigest() == signer.keyid
