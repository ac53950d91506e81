"""The platform's records, opened for one process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from ocore.access.accounts import Accounts
from ocore.deployments.ledger import Ledger, Requests, Views
from ocore.embedded.settings import Settings
from ocore.environments.registry import Registry
from ocore.kit import clock
from ocore.storage.accounts import PostgresAccounts
from ocore.storage.database import open_pool, ping
from ocore.storage.ledger import PostgresLedger
from ocore.storage.registry import TenantRegistry
from ocore.storage.requests import TenantRequests
from ocore.storage.transcripts import PostgresTranscripts
from ocore.storage.views import TenantViews
from ocore.storage.wakeups import listen
from ocore.transcripts import Transcripts
