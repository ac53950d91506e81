"""What the environment says about the way to other machines: proxies, and whom to believe."""

from collections.abc import Mapping
from typing import Final

NETWORK: Final = frozenset({"SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy"})


def network_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a program needs to reach other machines as we do."""
    return {name: environment[name] for name in sorted(NETWORK) if name in environment}
