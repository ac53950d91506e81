"""Python requirements that cannot be installed, in the words of uv and of pip."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

PACKAGES: Final = (
    Signature(
        pattern=known_by(
            r"(?:requirements\.txt line (?P<line>\d+)|external_dependencies): (?P<reason>[^\n]+) is"
            r" refused; name a distribution"
        ),
        title="A requirement is refused",
        cause="{reason} is refused",
        explanation=(
            "What is installed comes from the platform's package index by name: an option, a path "
            "or an address could bring anything, and something else each time."
        ),
        suggested_fix="Name a distribution and its version, and publish it on the index.",
        file="requirements.txt",
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>lack of valid authentication credentials[^\n]*|401 (?:Client )?Error[^\n]*"
            r"|403 (?:Client )?Error[^\n]*|403 Forbidden[^\n]*)"
        ),
        title="The package index wants other credentials",
        cause="{reason}",
        explanation="The platform's user and password for the index are missing, wrong or expired.",
        suggested_fix="Set them in UV_DEFAULT_INDEX or UV_INDEX of the platform.",
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>Failed to fetch: [^\n]*|tcp connect error[^\n]*"
            r"|Failed to establish a new connection[^\n']*|Read timed out[^\n]*"
            r"|dns error[^\n]*)"
        ),
        title="The package index does not answer",
        cause="{reason}",
        explanation="The index is down, or a firewall or proxy lies between it and this machine.",
        suggested_fix="Try again; if it stays so, see https_proxy and UV_DEFAULT_INDEX.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"(?:(?:Failed to build `(?P<package>[^`\n]+)`|Building wheel for (?P<wheel>\S+))"
            r".{0,1500}?)?"
            r"(?:fatal error: (?P<header>[^\n:]+\.h): No such file"
            r"|(?P<program>pg_config|mysql_config|krb5-config) executable not found"
            r"|(?P<command>\S+): not found\n)"
        ),
        title="A package cannot be compiled here",
        cause="{package}{wheel} needs {header}{program}{command}, which is not on this machine",
        explanation=(
            "The index has no wheel of this package for this Python and system, so that its C code "
            "was compiled; that needs a compiler and the headers of the library it wraps."
        ),
        suggested_fix=(
            "Choose a version with a wheel or a -binary variant, or let an administrator install "
            "the -dev package of the library."
        ),
    ),
    Signature(
        pattern=known_by(
            r"(?:Failed to build `(?P<package>[^`]+)`|Failed building wheel for (?P<wheel>\S+)"
            r"|(?P<process>[^\n\u00d7]*) did not run successfully)"
        ),
        title="A package cannot be built",
        cause="{package}{wheel}{process} failed",
        explanation="The package came as source, and its own build script failed.",
        suggested_fix="See the end of its output; another version may come as a wheel.",
    ),
    Signature(
        pattern=known_by(
            r"(?:current Python version \((?P<python>[\d.]+)\) does not satisfy (?P<wanted>[^\s,]+)"
            r"|require a different python version: (?P<other>[^\n]+))"
        ),
        title="A requirement needs another Python",
        cause="needs {wanted}{other}",
        explanation="No version of it that is asked for supports the Python that Odoo runs on.",
        suggested_fix="Allow an earlier version of it in requirements.txt.",
        file="requirements.txt",
    ),
    Signature(
        pattern=known_by(
            r"(?:(?P<package>\S+) has no wheels with a matching"
            r"|(?P<other>\S+) is not a supported wheel)"
        ),
        title="No wheel fits this machine",
        cause="{package}{other} has no wheel for this system and Python",
        explanation="Its wheels are for other systems, and there is no source to build one from.",
        suggested_fix="Choose a version that has one, or build a wheel and put it on the index.",
        file="requirements.txt",
    ),
    Signature(
        pattern=known_by(
            r"(?:there (?:is|are) no versions? of (?P<version>[^\s,]+)"
            r"|satisfies the requirement (?P<pinned>\S+==\S+))"
        ),
        title="A requirement has no such version",
        cause="the package index has no {version}{pinned}",
        explanation="The version does not exist, was withdrawn, or is not on this index.",
        suggested_fix="Correct the version in requirements.txt.",
        file="requirements.txt",
    ),
    Signature(
        pattern=known_by(
            r"(?:Because (?P<package>\S+) was not found in the|"
            r"No matching distribution found for (?P<other>\S+))"
        ),
        title="A requirement does not exist",
        cause="the package index has no {package}{other}",
        explanation=(
            "Nothing of this name is on the index. The name to import and the name to install "
            "often differ: bs4 is beautifulsoup4."
        ),
        suggested_fix=(
            "Correct the name in requirements.txt or in 'external_dependencies' of the manifest."
        ),
        file="requirements.txt",
    ),
    Signature(
        pattern=known_by(
            r"(?:we can conclude that (?P<reason>your requirements and [^\n]*are incompatible)"
            r"|(?P<other>Cannot install [^\n]*conflicting dependencies)"
            r"|(?P<unsolved>your requirements are unsatisfiable))"
        ),
        title="Requirements exclude each other",
        cause="{reason}{other}{unsolved}",
        explanation=(
            "No set of versions pleases all: the repository's requirements, those of the packages "
            "themselves, and Odoo's own."
        ),
        suggested_fix="Loosen the narrowest of them in requirements.txt.",
        file="requirements.txt",
    ),
)
