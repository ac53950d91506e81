"""The odoo.conf of each part as a secret of Swarm: a node has it in memory only."""

import hashlib
from typing import Final

from aiodocker import Docker, DockerError

from ocore.kit.docker import found
from ocore.kit.swarm import Spec
from ocore.runtime.container import DATABASE, HOME, PART, Order, container_name, labels_of
from ocore.runtime.service import Secret

_REFUSED: Final = 400


async def kept(docker: Docker, order: Order) -> Secret:
    """Let Swarm keep this odoo.conf. A secret never changes: another text has another name."""
    own = container_name(order.part.instance, order.part.name)
    digest = hashlib.sha256(f"{own}\0{order.conf}".encode()).hexdigest()
    name = f"ocore-{digest[:40]}"
    present = await found(docker.secrets.inspect(name))
    if present is None:
        present = await docker.secrets.create(name, order.conf, labels=labels_of(order))
    return Secret(id=str(present["ID"]), name=name)


async def forget_others(docker: Docker, spec: Spec) -> None:
    """Remove what the part of this service was given before; what is still in use stays."""
    own = {each["SecretID"] for each in spec["TaskTemplate"]["ContainerSpec"]["Secrets"]}
    labels = [f"{key}={spec['Labels'][key]}" for key in (HOME, DATABASE, PART)]
    for secret in await docker.secrets.list(filters={"label": labels}):
        if secret["ID"] not in own:
            try:
                await docker.secrets.delete(secret["ID"])
            except DockerError as failure:
                if failure.status != _REFUSED:
                    raise
