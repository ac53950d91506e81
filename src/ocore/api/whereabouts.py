"""Where an instance is found, and where its Odoo comes from, as people write it."""

import re
from typing import Final

from ocore.environments import PROVIDERS
from ocore.errors import Malformed
from ocore.source.address import split_credentials

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# What Docker takes for an image: a registry and a path, and a tag or a digest.
_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._:/-]*(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?")
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def host_of(host: str) -> str:
    if len(host) > 253 or not _HOST.fullmatch(host.lower()):
        raise Malformed(
            "host must be a host name such as shop.example.com", code="malformed_host", field="host"
        )
    return host.lower()


def source_of(provider: str, source: str | None) -> str | None:
    """Return where Odoo comes from; Malformed when it does not fit the provider."""
    if provider not in PROVIDERS:
        raise Malformed(
            f"provider must be one of: {', '.join(PROVIDERS)}",
            code="unknown_provider",
            field="provider",
        )
    if (source is None) != (provider == "debian"):
        need = "takes no source" if provider == "debian" else "needs a source"
        raise Malformed(f"provider {provider} {need}", code="source_mismatch", field="source")
    if source is None:
        return None
    if not _FITS[provider](source):
        raise Malformed(
            "source must be an absolute path (path), a git URL without a credential (git) or the"
            " name of an image (image)",
            code="malformed_source",
            field="source",
        )
    return source


def _is_open_address(url: str) -> bool:
    try:
        return split_credentials(url).url == url
    except Malformed:
        return False


def _is_image(name: str) -> bool:
    return _IMAGE.fullmatch(name) is not None


def _is_path(name: str) -> bool:
    return name.startswith("/")


_FITS: Final = {"git": _is_open_address, "image": _is_image, "path": _is_path}
