"""Failures of the machine: memory, disk, ports, signals, and a database that does not answer."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

KILLED: Final = Signature(
    pattern=known_by(r"killed by signal (?P<signal>\d+)"),
    title="Odoo was killed",
    cause="the process was killed by signal {signal}",
    explanation=(
        "The process ended without a word of its own. Signal 9 is most often the kernel, which "
        "ends a process when the machine or its control group is out of memory."
    ),
    suggested_fix=(
        "Look for “Out of memory” in the kernel's log (dmesg). Give the machine more memory, or "
        "let the migration work in batches."
    ),
    retryable=True,
)

DISK_FULL: Final = Signature(
    pattern=known_by(r"[Nn]o space left on device|psycopg2\.errors\.DiskFull"),
    title="The disk is full",
    explanation="A file could not grow: of the database, of the filestore, or a temporary one.",
    suggested_fix="Free space on the disk of the database and of Odoo's data, then try again.",
    retryable=True,
)

MACHINE: Final = (
    DISK_FULL,
    Signature(
        pattern=known_by(r"^MemoryError|Cannot allocate memory|errors\.OutOfMemory|Out of memory"),
        title="Out of memory",
        cause="the process was not given the memory it asked for",
        explanation=(
            "The process reached its limit (limit_memory_hard of the instance) or the machine's. "
            "A migration that loads a whole table at once is the usual reason."
        ),
        suggested_fix=(
            "Let the code work in batches, or in SQL; or raise limit_memory_hard of the instance."
        ),
    ),
    Signature(
        pattern=known_by(r"^PermissionError: "),
        title="Odoo may not touch a file",
        explanation="The file or its folder belongs to another user than the one Odoo runs as.",
        suggested_fix="Give the instance's data folder to Odoo's user (chown -R).",
    ),
    Signature(
        pattern=known_by(r"(?P<what>Port \d+ is in use|Address already in use)"),
        title="The port is taken",
        cause="{what}",
        explanation="Another program listens where this Odoo was to listen.",
        suggested_fix="Find it with `ss -ltnp` and stop it, or give the instance another port.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"OperationalError.*(too many clients|too many connections|remaining connection slots)"
        ),
        title="The database server has no connection left",
        explanation="PostgreSQL's max_connections, or the limit of the role, is used up.",
        suggested_fix="Raise it, or lower db_maxconn and the number of workers.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"OperationalError.*password authentication failed for user (?P<user>\S+)"
        ),
        title="The database refused the password",
        explanation="The role exists, but its password is not the one in odoo.conf.",
        suggested_fix="Set the role's password to the one the platform holds.",
    ),
    Signature(
        pattern=known_by(r"OperationalError.*database \"(?P<name>[^\"]+)\" does not exist"),
        title="The database does not exist",
        cause='the server has no database "{name}"',
        explanation="It was renamed or removed, and Odoo's role may not create one.",
        suggested_fix="See what happened to it; a snapshot of it can be restored.",
    ),
    Signature(
        pattern=known_by(r"could not translate host name \"(?P<host>[^\"]+)\""),
        title="The database server's name is not known",
        cause="no DNS server knows {host}",
        explanation="Odoo looked for its PostgreSQL under this name.",
        suggested_fix="Correct the server's address, or this machine's DNS settings.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(
            r"OperationalError.*(connection to server|could not connect|server closed the"
            r"|terminating connection|starting up|shutting down)"
        ),
        title="The database does not answer",
        explanation="Odoo could not reach PostgreSQL, or lost the connection while it worked.",
        suggested_fix="See whether PostgreSQL runs and what its log says, then try again.",
        retryable=True,
    ),
)
