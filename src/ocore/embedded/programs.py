"""What the supervisor runs, and how supervisord wants to be told: text only, nothing runs here."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ocore.errors import Malformed
from ocore.kit.privileges import OsUser, as_user, under

# A process that lives shorter than `start_seconds` is tried again after 1, 2, 3, ... s. 300 tries
# are half a day of a crash loop, with waits of up to 5 minutes; only then is it FATAL.
START_RETRIES: Final = 300
# The variable in which programs find the process id of the supervisor.
SUPERVISOR_PID: Final = "OCORE_SUPERVISOR_PID"
# Supervisord complains when it runs as root without having been told to.
IDENTITY_OF_ROOT: Final = {"user": "root"}

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_COMMENT: Final = re.compile(r"(\s)(?=[;#])")
_SOCKET_PATH_LIMIT: Final = 90  # sun_path holds 108; supervisord first binds <path>.<pid>


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process that must always run.

    `argv` and `env` are all it gets, and `argv` is what every user of the machine can read: no
    secret stands in it. `user` None means our own user. `death_signal` is what it gets when the
    supervisor is killed. It counts as started after `start_seconds`; it gets `stop_signal` to
    stop, and after `stop_seconds` its whole process group is killed. Lower `priority` starts
    earlier and stops later. `replaces` is free text: a change of it replaces the process.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    directory: Path = Path("/")
    env: Mapping[str, str] = field(default_factory=dict)
    user: OsUser | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    death_signal: str = "KILL"
    start_seconds: int = 2
    start_retries: int = START_RETRIES
    priority: int = 500
    umask: int = 0o077

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise Malformed(
                f"{self.name!r} is no name of a program: letters, digits, '_', '.' and '-'",
                code="invalid_program_name",
            )


def supervisord_conf(run_dir: Path, *, identity: Mapping[str, str], descriptors: int) -> str:
    """Return the main configuration: a unix socket for its owner only, and no network.

    `identity` is `IDENTITY_OF_ROOT` for root and empty for others; `descriptors` is how many
    files supervisord must be able to open: about four for each program.
    """
    socket = run_dir / "supervisor.sock"
    if len(str(socket).encode()) > _SOCKET_PATH_LIMIT:
        raise Malformed(
            f"{socket} is too long for a unix socket; choose a shorter OCORE_HOME",
            code="home_path_too_long",
        )
    return _ini(
        {
            "unix_http_server": {"file": _path(socket), "chmod": "0700"},
            "supervisord": {
                "nodaemon": "true",
                "silent": "true",
                **identity,
                "umask": "077",
                "minfds": str(descriptors),
                "pidfile": _path(run_dir / "supervisord.pid"),
                "logfile": _path(run_dir / "supervisord.log"),
                "logfile_maxbytes": "10MB",
                "logfile_backups": "3",
                "childlogdir": _path(run_dir),
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                )
            },
            "include": {"files": "programs.d/*.conf"},
        }
    )


def program_conf(program: Program) -> str:
    """Return the configuration of one program; Malformed when supervisord cannot carry a value.

    It restarts on every exit, a clean one too: Odoo ends with code 0 on SIGXCPU. Only the leader
    of the group gets the stop signal, since Odoo's master tells its workers itself, and a worker
    that gets SIGTERM drops its request; killing takes the whole group.
    """
    guarded = under(f"${SUPERVISOR_PID}", program.argv)
    command = as_user(guarded, program.user, death_signal=program.death_signal)
    return _ini(
        {
            f"program:{program.name}": {
                "command": _command(command),
                "directory": _path(program.directory),
                "environment": _environment(program.env),
                "umask": f"{program.umask:03o}",
                "priority": str(program.priority),
                "autostart": "true",
                "autorestart": "true",
                "startsecs": str(program.start_seconds),
                "startretries": str(program.start_retries),
                "stopsignal": program.stop_signal,
                "stopwaitsecs": str(program.stop_seconds),
                "stopasgroup": "false",
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": _path(program.log),
                "stdout_logfile_maxbytes": "20MB",
                "stdout_logfile_backups": "3",
            }
        }
    )


def log_folder(conf: str) -> Path | None:
    """Return the folder a program logs to; supervisord refuses all programs when one is gone."""
    found = re.search(r"^stdout_logfile=(.*)$", conf, re.MULTILINE)
    return Path(found.group(1).replace("%%", "%")).parent if found else None


def _ini(sections: Mapping[str, Mapping[str, str]]) -> str:
    blocks = [
        "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in options.items())])
        for name, options in sections.items()
    ]
    return "\n\n".join(blocks) + "\n"


def _command(argv: Sequence[str]) -> str:
    words = " ".join(shlex.quote(_printable(word)) for word in argv)
    # Supervisord cuts a value at a blank followed by ';' or '#', even inside quotes. Such a blank
    # can only be inside quotes here; closing and opening them again puts a quote in between.
    return _percent(_COMMENT.sub(r"\1''", words))


def _environment(env: Mapping[str, str]) -> str:
    return _percent(",".join(f"{_variable(name)}={_quoted(env[name])}" for name in sorted(env)))


def _variable(name: str) -> str:
    if not _VARIABLE.match(name):
        raise Malformed(f"{name!r} is no name of a variable", code="invalid_variable")
    return name


def _quoted(value: str) -> str:
    """Quote a value of `environment`, whose grammar has quotes but no escape character."""
    _printable(value)
    if _COMMENT.search(value) or value.strip("'\"") != value:
        raise _uncarried(value)
    for quote in ('"', "'"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise _uncarried(value)


def _path(path: Path) -> str:
    text = _printable(str(path))
    if _COMMENT.search(text) or text.strip() != text:
        raise _uncarried(text)
    return _percent(text)


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        raise _uncarried(value)
    return value


def _percent(value: str) -> str:
    return value.replace("%", "%%")


def _uncarried(value: str) -> Malformed:
    # The value may be a secret, so that only its length is told.
    return Malformed(
        f"supervisord cannot carry a value of {len(value)} characters: no control characters, no"
        " blank before ';' or '#', not both kinds of quotes, none at either end",
        code="unsupported_value",
    )
