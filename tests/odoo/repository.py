"""Small repositories of modules, written to disk for one test."""

from pathlib import Path

LOGS = Path(__file__).parent / "logs"


def log_lines(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text(errors="replace").splitlines()


def headlines() -> list[tuple[str, str]]:
    """Return the names of the logs with the sentence that each must lead to."""
    lines = (LOGS / "headlines.txt").read_text().splitlines()
    return [(log, said.strip()) for log, said in zip(lines[::2], lines[1::2], strict=True)]


def write_module(root: Path, path: str = "loans", /, **manifest: object) -> Path:
    """Write a module that Odoo could install; `manifest` replaces keys of its manifest."""
    module = root / path
    (module / "models").mkdir(parents=True)
    (module / "__init__.py").write_text("from . import models\n")
    (module / "models" / "__init__.py").write_text("")
    values = {"name": "Loans", "version": "1.0.0", "depends": ["base"], **manifest}
    (module / "__manifest__.py").write_text(f"# A comment first\n{values!r}\n")
    return module


def write_script(
    module: Path, path: str, body: str = "def migrate(cr, version):\n    pass\n"
) -> str:
    script = module / path
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(body)
    return path
