"""Repositories that cannot be read, in the words of git and of our own source."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

GIT: Final = (
    Signature(
        pattern=known_by(
            r"(?P<reason>could not read (?:Username|Password)[^\n]*|Authentication failed[^\n]*"
            r"|Permission denied \(publickey[^\n]*|The requested URL returned error: 40[13])"
        ),
        title="The git server wants other credentials",
        cause="{reason}",
        explanation=(
            "The repository is not public, and the project's user name and token were missing, "
            "wrong, expired, or without the right to read it."
        ),
        suggested_fix=(
            "Create a token that may read this repository, and set it in the project's repository."
        ),
    ),
    Signature(
        pattern=known_by(r"(?P<reason>Host key verification failed)"),
        title="The git server's SSH key is not known",
        cause="{reason}",
        explanation="Nobody on this machine has ever said that this key is the server's.",
        suggested_fix="Add the server to the known_hosts of the platform's user, or use HTTPS.",
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>Could not resolve host(?:name)?:? [^\n]*"
            r"|[Cc]ould not resolve hostname [^\n]*)"
        ),
        title="The git server's name is not known",
        cause="{reason}",
        explanation="No DNS server that this machine asks knows the name.",
        suggested_fix="Correct the project's repository URL, or this machine's DNS settings.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>server certificate verification failed|SSL certificate problem[^\n]*)"
        ),
        title="The git server's certificate is not trusted",
        cause="{reason}",
        explanation="The certificate is self-signed, expired, or of an authority of one's own.",
        suggested_fix=(
            "Let GIT_SSL_CAINFO of the platform name a file with the authority's certificate."
        ),
        docs_url="https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslCAInfo",
    ),
    Signature(
        pattern=known_by(
            r"git cannot read [^\n]*?(?P<reason>Failed to connect to [^\n]*|Connection refused"
            r"|Connection timed out|Connection reset[^\n]*|no end after [\d.]+ s"
            r"|The requested URL returned error: 5\d\d|the remote end hung up[^\n]*)"
        ),
        title="The git server does not answer",
        cause="{reason}",
        explanation="The server is down, or a firewall lies between it and this machine.",
        suggested_fix="Open the repository's URL from this machine; when it answers, try again.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"git cannot read [^\n]*?(?P<reason>repository '[^']*' not found"
            r"|'[^']*' does not appear to be a git repository|Repository not found[^\n]*)"
        ),
        title="The repository does not exist",
        cause="{reason}",
        explanation=(
            "There is none at this address, or the credentials do not let anyone know of it."
        ),
        suggested_fix="Correct the project's repository URL, or the rights of its token.",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>there is no (?P<kind>branch|tag) [^\n]*)"),
        title="The ref does not exist",
        cause="{reason}",
        explanation="It was deleted, or never pushed, or is spelled differently.",
        suggested_fix="Push the {kind}, or deploy one of those that are there.",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>there is no commit \w+ in the repository)"),
        title="The commit does not exist",
        cause="{reason}",
        explanation="It was never pushed, or a force-push took it off every branch and tag.",
        suggested_fix="Push it on a branch, or deploy another one.",
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>commit \w+ is not on branch [^\n]*|the tag \S+ is not commit [^\n]*)"
        ),
        title="The ref and the commit disagree",
        cause="{reason}",
        explanation="A deployment names one commit; what was given names two.",
        suggested_fix="Leave out one of them.",
    ),
    Signature(
        pattern=known_by(r"(?P<path>\S+) is a git submodule(?P<reason>[^\n]*)"),
        title="A submodule is not part of the commit",
        cause="{path} is a git submodule",
        explanation="Of a submodule a commit holds the address only, and nothing of its files.",
        suggested_fix="Put the modules into the repository: git subtree add, or a copy.",
    ),
)
