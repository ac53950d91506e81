"""The store of copies off-site, as the settings name it, and the platform's key to it."""

from ocore.embedded.home import Home
from ocore.embedded.secrets import keep_secret, secret
from ocore.embedded.settings import OffsiteSettings, Settings
from ocore.snapshots.offsite import Offsite
from ocore.snapshots.offsite.bucket import Bucket, BucketAddress
from ocore.snapshots.offsite.key import OffsiteKey, new_key
from ocore.snapshots.offsite.s3 import S3Offsite

_KEY = "offsite-key"


def offsite_of(settings: Settings) -> Offsite | None:
    """Return the store; None when there is none."""
    if settings.offsite is None:
        return None
    key = OffsiteKey(platform_key(settings.home))
    return store_of(settings.offsite, key, settings.home)


def store_of(place: OffsiteSettings, key: OffsiteKey, home: Home) -> Offsite:
    address = BucketAddress(
        bucket=place.bucket,
        prefix=place.prefix,
        endpoint=place.endpoint,
        region=place.region,
        access_key_id=place.access_key_id,
        secret_access_key=place.secret_access_key,
    )
    return S3Offsite(Bucket(address), key, home.snapshots)


def platform_key(home: Home) -> str:
    """Return the platform's key, made now when there is none."""
    if not (home.secrets / _KEY).exists():
        keep_secret(home.secrets, _KEY, new_key())
    return secret(home.secrets, _KEY)
