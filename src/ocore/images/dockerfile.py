"""Dockerfiles, as text. The same values give the same text; nothing is read or run here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ODOO, VENV, MODULES = "/opt/odoo", "/opt/venv", "/opt/modules"
"""Where an image holds Odoo, Python's packages and the modules of the commit."""

STAGE, SYSTEM = "ocore.packages", "system"
"""The label of what each stage makes, so that it is known when nothing needs it any more."""

NOBODY: Final = "10001"
"""The user of an image that is started by hand; the runtime names the user of its own instances."""

DEBIAN_PACKAGES: Final = ("ca-certificates", "fontconfig", "libmagic1", "media-types", "python3")
HEALTH_CHECK: Final = '''\
"""Exits with 0 when this container's Odoo says that it is healthy."""

import configparser
import os
from urllib.request import urlopen

conf = configparser.RawConfigParser()
conf.read(os.environ.get("ODOO_RC", ""))
port = conf.get("options", "http_port", fallback="8069")
urlopen(f"http://127.0.0.1:{port}/web/health", timeout=8)
'''
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image of a project is made of.

    `base` and `installer` are images: Odoo on an operating system, and uv. `keeps_packages` lets
    Python see what the base has installed, and not only its own environment. `packages` names all
    that is below the modules: what a build leaves behind is known by it.
    """

    base: str
    installer: str
    system_packages: tuple[str, ...]
    keeps_packages: bool
    packages: str


def dockerfile(recipe: Recipe, labels: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the Dockerfile of a project's image, what changes least at the top."""
    return "\n".join(
        [
            "# Made by oCore. A commit that changes modules only makes the last layer anew.",
            f"FROM {recipe.base} AS base",
            "USER root",
            *([f"LABEL {STAGE}={SYSTEM}"] if recipe.system_packages else []),
            *_apt(recipe.system_packages),
            "",
            "# Addresses, credentials and certificates of the index stay behind in this stage.",
            "FROM base AS python",
            f"LABEL {STAGE}={recipe.packages}",
            f"COPY --from={recipe.installer} /uv /usr/local/bin/uv",
            "COPY python /build",
            f"RUN {_install(keeps_packages=recipe.keeps_packages)}",
            "",
            "FROM base",
            f"LABEL {STAGE}={recipe.packages}",
            f"COPY --from=python {VENV} {VENV}",
            "COPY health.py /opt/ocore/health.py",
            f"ENV USER=odoo PATH={VENV}/bin:$PATH",
            "HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \\",
            f'  CMD ["{VENV}/bin/python", "/opt/ocore/health.py"]',
            f"USER {NOBODY}:{NOBODY}",
            f"COPY modules {MODULES}",
            *_labels(labels),
            "",
        ]
    )


def debian_dockerfile(base: str | None) -> str:
    """Return the Dockerfile of Odoo on Debian; None takes the root file system `debian.tar`."""
    scratch = ["FROM scratch", "ADD debian.tar /", f"ENV PATH={_PATH}", 'CMD ["bash"]']
    start = scratch if base is None else [f"FROM {base}"]
    return "\n".join(
        [
            "# Made by oCore: Odoo as Debian packages it, without Python's packages.",
            *start,
            *_apt(DEBIAN_PACKAGES),
            f"ADD odoo.tar {ODOO}/",
            "# Some files are for other versions of Python: what does not compile is left alone.",
            f"RUN python3 -m compileall -q -j 0 {ODOO} || true",
            "",
        ]
    )


def installer_dockerfile() -> str:
    """Return the Dockerfile of an image that holds uv and nothing else."""
    return "FROM scratch\nCOPY uv /uv\n"


def _apt(packages: Sequence[str]) -> list[str]:
    if not packages:
        return []
    return [
        "RUN apt-get -qq -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 update \\",
        " && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \\",
        *(f"      {name} \\" for name in packages),
        " && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin",
    ]


def _install(*, keeps_packages: bool) -> str:
    venv = "uv venv --quiet --python python3" + (" --system-site-packages" * keeps_packages)
    install = f"uv pip install --no-cache --compile-bytecode --python {VENV}/bin/python"
    steps = [
        "set -a",
        ". /build/settings",
        f"{venv} {VENV}",
        f"{install} \\\n      -r /build/requirements.txt",
    ]
    return " \\\n && ".join(steps)


def _labels(labels: Mapping[str, str]) -> list[str]:
    if not labels:
        return []
    # One instruction, since each costs a container. In quotes a Dockerfile reads what JSON writes,
    # but for the $ of its variables.
    words = [
        f"{name}={json.dumps(text, ensure_ascii=False)}".replace("$", r"\$")
        for name, text in labels.items()
    ]
    return ["LABEL " + " \\\n      ".join(words)]
