"""The ways to run Odoo: as processes, in containers, or as services of a swarm."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocore.embedded.home import Home
from ocore.embedded.settings import DOCKER, SWARM, Settings
from ocore.embedded.signing import signer_of
from ocore.embedded.supervisor import Supervisor
from ocore.images import Images
from ocore.images.debian_base import DebianBases
from ocore.images.docker import DockerImages
from ocore.images.foreign_base import ForeignBases
from ocore.images.papers import Papers
from ocore.images.registry import Registry
from ocore.images.releases import ReleaseImages
from ocore.images.spreading import SpreadImages
from ocore.images.venvs import Venvs
from ocore.kit.docker import DockerEngine
from ocore.odoo.providers import Provider
from ocore.odoo.providers.debian import known_mirror
from ocore.proxy.traefik import TraefikProxy
from ocore.runtime import Watch
from ocore.runtime.docker_watch import DockerWatch
from ocore.runtime.fleet import Fleet
from ocore.runtime.odoo_containers import OdooContainers
from ocore.runtime.odoo_process import OdooHost
from ocore.runtime.odoo_programs import OdooPrograms
from ocore.runtime.odoo_services import OdooServices
from ocore.runtime.parts import Parts
from ocore.runtime.ports import EVERYWHERE, LOOPBACK
from ocore.runtime.service import Nodes
from ocore.runtime.swarm_fleet import SwarmFleet
from ocore.runtime.swarm_watch import SwarmWatch
from ocore.runtime.watch import HttpWatch
from ocore.wiring.parts import layout_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What all ways need. `environment` says where Python's packages come from."""

    settings: Settings
    host: OdooHost
    providers: Mapping[str, Provider]
    environment: Mapping[str, str]


def equipment_of(equipment: Equipment, venvs: Venvs) -> tuple[Images, Parts, Watch]:
    """Return who builds images, runs them and looks at them, as the settings have it."""
    if equipment.settings.runtime == DOCKER:
        return _docker_equipment(equipment)
    if equipment.settings.runtime == SWARM:
        return _swarm_equipment(equipment)
    return _process_equipment(equipment, venvs)


def _process_equipment(equipment: Equipment, venvs: Venvs) -> tuple[Images, Parts, Watch]:
    home, host = equipment.settings.home, equipment.host
    images = ReleaseImages(home.releases, equipment.providers, venvs, papers_of(home))
    return images, OdooPrograms(Supervisor(home.run), host), HttpWatch(home)


def _docker_equipment(equipment: Equipment) -> tuple[Images, Parts, Watch]:
    engine = engine_of(equipment.settings)
    watch = DockerWatch(engine, HttpWatch(equipment.settings.home))
    return _docker_images(equipment), OdooContainers(engine, equipment.host), watch


def _swarm_equipment(equipment: Equipment) -> tuple[Images, Parts, Watch]:
    settings = equipment.settings
    engine, nodes = engine_of(settings), nodes_of(settings)
    images: Images = _docker_images(equipment)
    if nodes.constraints is not None:
        images = SpreadImages(
            images=images, engine=engine, constraints=nodes.constraints, auth=nodes.auth
        )
    watch = SwarmWatch(engine, HttpWatch(settings.home))
    return images, OdooServices(engine, equipment.host, nodes), watch


def _docker_images(equipment: Equipment) -> Images:
    settings = equipment.settings
    cache, engine, registry = settings.home.cache, engine_of(settings), registry_of(settings)
    debian = DebianBases(
        engine=engine,
        providers=equipment.providers,
        cache=cache,
        debian=settings.docker_debian,
        mirror=settings.debian_mirror or known_mirror(),
    )
    return DockerImages(
        engine=engine,
        debian=debian,
        foreign=ForeignBases(engine=engine, cache=cache, registry=registry),
        cache=cache,
        papers=papers_of(settings.home),
        environment=equipment.environment,
        registry=registry,
    )


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


def listening_of(settings: Settings) -> str:
    """Return the address that Odoo listens on: of this machine's loopback, if that will do."""
    elsewhere = settings.runtime == SWARM and settings.swarm_nodes is not None
    return EVERYWHERE if elsewhere else LOOPBACK


def nodes_of(settings: Settings) -> Nodes:
    registry = registry_of(settings)
    return Nodes(
        pushed=settings.home.pushed,
        constraints=settings.swarm_nodes,
        auth=registry.login if registry else None,
    )


def fleet_of(settings: Settings) -> Fleet | SwarmFleet | None:
    """Return what must be woken and put to rest with the platform; processes go by themselves."""
    engine, home = engine_of(settings), settings.home
    if settings.runtime == DOCKER:
        return Fleet(engine, home)
    if settings.runtime != SWARM:
        return None
    proxy = TraefikProxy(layout_of(settings))
    return SwarmFleet(engine, home, follow=proxy.follow if settings.swarm_nodes else None)
