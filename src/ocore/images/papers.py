"""Where the papers of images are kept: beside the image, because it outlives its deployment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from ocore.attestations import Signer, Statement, Subject
from ocore.attestations.envelopes import verify
from ocore.attestations.keys import PublicKey
from ocore.errors import Refused
from ocore.images.documents import Document
from ocore.images.release import release_folder
from ocore.kit.files import replace_file

BILL, SIGNED_BILL, PROVENANCE = "sbom.cdx.json", "sbom.intoto.json", "provenance.intoto.json"
_SIGNED: Final = (SIGNED_BILL, PROVENANCE)
_ALL: Final = (BILL, *_SIGNED)
_CYCLONE_DX: Final = "https://cyclonedx.org/bom"
_SLSA: Final = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True, slots=True)
class Papers:
    """A folder for each image under `directory`. References are paths below the platform's home.

    The bill of materials is there twice: as it is, for scanners, and signed.
    """

    directory: Path
    signer: Signer

    def keep(self, image: Subject, *, bill: Document, provenance: Document) -> tuple[str, ...]:
        """Sign and write what is said of an image, by its tag, and return the references."""
        folder = release_folder(self.directory, image.name)
        folder.mkdir(parents=True, exist_ok=True)
        readable = msgspec.json.format(msgspec.json.encode(bill), indent=2).decode()
        replace_file(folder / BILL, readable + "\n")
        replace_file(folder / SIGNED_BILL, self._signed(image, _CYCLONE_DX, bill))
        replace_file(folder / PROVENANCE, self._signed(image, _SLSA, provenance))
        return self.of(image.name)

    def add_name(self, tag: str, other: Subject) -> None:
        """Let what is signed be about the image under another name too: that of its registry."""
        own = PublicKey.read(self.signer.public_key)
        for file in (release_folder(self.directory, tag) / name for name in _SIGNED):
            try:
                said = verify(file.read_text(), [own]).statement
            except (FileNotFoundError, Refused):
                # Described elsewhere, or with a key that is gone: it stays as it was said then.
                continue
            if other not in said.subjects:
                more = structs.replace(said, subjects=(*said.subjects, other))
                replace_file(file, self.signer.sign(more))

    def of(self, tag: str) -> tuple[str, ...]:
        """Return the references of what is kept, all or none: the image may be built elsewhere."""
        files = [release_folder(self.directory, tag) / name for name in _ALL]
        if not all(file.exists() for file in files):
            return ()
        return tuple(str(file.relative_to(self.directory.parent)) for file in files)

    def _signed(self, image: Subject, predicate_type: str, predicate: Document) -> str:
        return self.signer.sign(
            Statement(subjects=(image,), predicate_type=predicate_type, predicate=predicate)
        )
