"""Objects in a bucket of an S3-compatible store."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ocore.errors import StepFailed

_REQUEST_SECONDS: Final = 600
"""A piece must get through a slow line, too."""
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAddress:
    """Where the bucket is, and who we are there. Without an endpoint it is AWS."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


class Bucket:
    """The objects under one prefix of a bucket; names are relative to it."""

    def __init__(self, address: BucketAddress, *, retry_seconds: float = 180.0) -> None:
        self._url = f"s3://{address.bucket}/{address.prefix}"
        self._store = S3Store(
            address.bucket,
            prefix=address.prefix or None,
            endpoint=address.endpoint,
            region=address.region,
            access_key_id=address.access_key_id,
            secret_access_key=address.secret_access_key,
            client_options={
                "allow_http": (address.endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=_REQUEST_SECONDS),
            },
            retry_config={"max_retries": 10, "retry_timeout": timedelta(seconds=retry_seconds)},
        )

    async def put(self, name: str, content: bytes) -> None:
        """Write an object, whole or not at all."""
        try:
            await obstore.put_async(self._store, name, content, use_multipart=False)
        except (BaseError, OSError) as failure:
            raise self._failed(f"{name} cannot be written", failure) from failure

    async def get(self, name: str) -> bytes | None:
        """Return an object; None when there is none of this name."""
        try:
            return bytes(await (await obstore.get_async(self._store, name)).bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as failure:
            raise self._failed(f"{name} cannot be read", failure) from failure

    async def names(self, folder: str) -> set[str]:
        """Return the names of all objects in a folder, at any depth."""
        found: set[str] = set()
        try:
            async for batch in obstore.list(self._store, prefix=folder):
                found.update(each["path"] for each in batch)
        except (BaseError, OSError) as failure:
            raise self._failed("it cannot be listed", failure) from failure
        return found

    async def delete(self, names: Collection[str]) -> None:
        """Delete objects; those that are gone already are fine."""
        try:
            await obstore.delete_async(self._store, sorted(names))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as failure:
            raise self._failed("objects cannot be deleted", failure) from failure

    def _failed(self, what: str, failure: Exception) -> StepFailed:
        # The first line says what happened, and S3's own word for it follows; the rest are notes.
        reason = str(failure).partition("\n")[0].partition(": <?xml")[0].strip()
        code = _CODE.search(str(failure))
        word = f" ({code[1]})" if code else ""
        return StepFailed(f"off-site store {self._url}: {what}: {reason}{word}")
