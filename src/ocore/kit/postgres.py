"""Where a PostgreSQL server is, and how its administrator reaches it."""

from dataclasses import dataclass, field

from psycopg.conninfo import make_conninfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """One server. `user` may create roles and databases; `binaries` holds pg_dump and friends.

    `sockets` is the folder of its Unix socket, where it has one on this machine.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    binaries: str
    sockets: str | None = None

    def conninfo(self, database: str, *, application_name: str = "ocore") -> str:
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            application_name=application_name,
        )
