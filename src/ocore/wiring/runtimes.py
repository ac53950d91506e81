"""The two ways to run Odoo on a machine: as processes, or in containers."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocore.embedded.home import Home
from ocore.embedded.settings import Settings
from ocore.embedded.signing import signer_of
from ocore.embedded.supervisor import Supervisor
from ocore.images import Images
from ocore.images.debian_base import DebianBases
from ocore.images.docker import DockerImages
from ocore.images.foreign_base import ForeignBases
from ocore.images.papers import Papers
from ocore.images.registry import Registry
from ocore.images.releases import ReleaseImages
from ocore.images.venvs import Venvs
from ocore.kit.docker import DockerEngine
from ocore.odoo.providers import Provider
from ocore.odoo.providers.debian import known_mirror
from ocore.runtime import Watch
from ocore.runtime.docker_watch import DockerWatch
from ocore.runtime.fleet import Fleet
from ocore.runtime.odoo_containers import OdooContainers
from ocore.runtime.odoo_process import OdooHost
from ocore.runtime.odoo_programs import OdooPrograms
from ocore.runtime.parts import Parts
from ocore.runtime.watch import HttpWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What both ways need. `environment` says where Python's packages come from."""

    settings: Settings
    host: OdooHost
    providers: Mapping[str, Provider]
    environment: Mapping[str, str]


def process_equipment(equipment: Equipment, venvs: Venvs) -> tuple[Images, Parts, Watch]:
    home, host = equipment.settings.home, equipment.host
    images = ReleaseImages(home.releases, equipment.providers, venvs, papers_of(home))
    return images, OdooPrograms(Supervisor(home.run), host), HttpWatch(home)


def docker_equipment(equipment: Equipment) -> tuple[Images, Parts, Watch]:
    settings, host = equipment.settings, equipment.host
    cache, engine, registry = settings.home.cache, engine_of(settings), registry_of(settings)
    debian = DebianBases(
        engine=engine,
        providers=equipment.providers,
        cache=cache,
        debian=settings.docker_debian,
        mirror=settings.debian_mirror or known_mirror(),
    )
    images = DockerImages(
        engine=engine,
        debian=debian,
        foreign=ForeignBases(engine=engine, cache=cache, registry=registry),
        cache=cache,
        papers=papers_of(settings.home),
        environment=equipment.environment,
        registry=registry,
    )
    watch = DockerWatch(engine, HttpWatch(settings.home))
    return images, OdooContainers(engine, host), watch


def papers_of(home: Home) -> Papers:
    return Papers(home.papers, signer_of(home.secrets))


def registry_of(settings: Settings) -> Registry | None:
    if settings.registry is None:
        return None
    return Registry(
        engine=engine_of(settings),
        address=settings.registry,
        records=settings.home.pushed,
        username=settings.registry_username,
        password=settings.registry_password,
    )


def engine_of(settings: Settings) -> DockerEngine:
    return DockerEngine(settings.docker_host)


def fleet_of(settings: Settings) -> Fleet:
    return Fleet(engine_of(settings), settings.home)
