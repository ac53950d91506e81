"""Where the papers of images are kept: beside the image, because it outlives its deployment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.images.release import release_folder
from ocore.kit.files import replace_file

SBOM, PROVENANCE = "sbom.cdx.json", "provenance.intoto.json"
_BOTH: Final = (SBOM, PROVENANCE)


@dataclass(frozen=True, slots=True)
class Papers:
    """A folder for each image under `directory`. References are paths below the platform's home."""

    directory: Path

    def keep(self, tag: str, *, sbom: str, provenance: str) -> tuple[str, ...]:
        """Write both and return their references."""
        folder = release_folder(self.directory, tag)
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / SBOM, sbom)
        replace_file(folder / PROVENANCE, provenance)
        return self.of(tag)

    def of(self, tag: str) -> tuple[str, ...]:
        """Return the references of what is kept; empty for an image that was built elsewhere."""
        folder = release_folder(self.directory, tag)
        kept = [folder / name for name in _BOTH if (folder / name).exists()]
        return tuple(str(file.relative_to(self.directory.parent)) for file in kept)
