"""Images that cannot be built, pushed or started, in the words of Docker."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

CONTAINERS: Final = (
    Signature(
        pattern=known_by(
            r"(?P<reason>Cannot connect to the Docker daemon at [^\n]*?)\. Is the docker"
            r"|(?P<denied>permission denied while trying to connect to the [Dd]ocker [^\n]*)"
        ),
        title="The Docker daemon does not answer",
        cause="{reason}{denied}",
        explanation="It does not run, or the platform's user may not use its socket.",
        suggested_fix="See `systemctl status docker`, and that the user is in the group docker.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>no basic auth credentials|unauthorized: [^\n]*|denied: [^\n]*"
            r"|pull access denied for [^\n,]*)"
        ),
        title="The registry wants other credentials",
        cause="{reason}",
        explanation="The login for this registry is missing, wrong, expired, or too weak.",
        suggested_fix=(
            "Give the platform a login that may push and pull: OCORE_REGISTRY_USERNAME and "
            "OCORE_REGISTRY_PASSWORD."
        ),
    ),
    Signature(
        pattern=known_by(r"(?P<reason>manifest for [^\n]*? not found|manifest unknown)"),
        title="The base image does not exist",
        cause="{reason}",
        explanation="The registry has no image of this name and tag.",
        suggested_fix="Correct the name and tag of the base image, or push it first.",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>lookup (?P<host>\S+)(?: on \S+)?: no such host)"),
        title="The registry's name is not known",
        cause="no DNS server knows {host}",
        explanation="The name of the image begins with the name of its registry.",
        suggested_fix="Correct the registry's name, or this machine's DNS settings.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>dial tcp [^\n]*|TLS handshake timeout|Client\.Timeout exceeded[^\n]*"
            r"|net/http: request canceled[^\n]*)"
        ),
        title="The registry does not answer",
        cause="{reason}",
        explanation="The registry is down, or a firewall lies between it and this machine.",
        suggested_fix="Try again; if it stays so, ask its /v2/ from this machine.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(r"dockerfile parse error (?:on )?line (?P<line>\d+): (?P<reason>[^\n]*)"),
        title="The Dockerfile does not parse",
        cause="{reason}",
        explanation="Docker does not know this instruction.",
        suggested_fix="Correct the line.",
        file="Dockerfile",
    ),
    Signature(
        pattern=known_by(
            r"COPY failed: [^\n]*: stat (?P<path>[^\n:]+): file does not exist"
            r"|failed to (?:calculate checksum|compute cache key)[^\n]*?\"/(?P<other>[^\"\n]+)\":?"
            r" not found"
        ),
        title="The build copies what is not there",
        cause="there is no {path}{other} in the build context",
        explanation="The path is not in the repository, or .dockerignore leaves it out.",
        suggested_fix="Correct the path in COPY, or .dockerignore.",
        file="Dockerfile",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>BuildKit is enabled but the buildx component is missing)"),
        title="Docker's BuildKit is not complete",
        cause="{reason}",
        explanation="The docker program needs its buildx plug-in to build with BuildKit.",
        suggested_fix="Install docker-buildx (Debian) or docker-buildx-plugin (Docker's packages).",
    ),
    Signature(
        pattern=known_by(
            r"The command '(?P<command>[^\n]*)' returned a non-zero code: (?P<code>\d+)"
            r"|process \"(?P<run>[^\n]*)\" did not complete successfully: exit code: (?P<exit>\d+)"
            r"|executor failed running \[(?P<ran>[^\n]*)\]: exit code: (?P<status>\d+)"
        ),
        title="A step of the image's build failed",
        cause="{command}{run}{ran} exited with {code}{exit}{status}",
        explanation="A RUN of the Dockerfile ended with an error; its output stands above it.",
        suggested_fix="Run the command in the base image by hand, and correct it.",
        file="Dockerfile",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>No such image: [^\n]*)"),
        title="The image is gone",
        cause="{reason}",
        explanation="Somebody removed it, and the registry does not have it either.",
        suggested_fix="Deploy the commit again: that builds it anew.",
    ),
)
