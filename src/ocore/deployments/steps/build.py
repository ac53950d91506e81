"""Build image: make what the runtime starts, and the database of a new instance."""

from ocore.artifacts import Image
from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Built, Fetched, Inspected
from ocore.deployments.steps.outcome import Check, Hearing, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.runtime import ModuleChange


async def build(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Build the image, or find the one that was built from the same inputs."""
    check = Check(gate=Gate.BUILD_IMAGE, name="Build image", mode="static", now=tools.now)
    checkout = await tools.source.checkout(
        deployment.project, deployment.produced(Fetched).commit.sha
    )
    hear = Hearing(tools.say)
    try:
        image = await tools.images.build(_order(deployment, checkout.path), say=hear)
        await prepare_database(deployment, image, tools)
    except StepFailed as failure:
        explained = hear.explained(failure, otherwise="The image could not be built")
        raise check.failure(explained) from failure
    verb = "reused" if image.reused else "built"
    return Outcome(
        detail=f"{verb} {image.tag}",
        artifact=Built(image=image),
        evidence=(check.passed(f"{verb} {image.tag}", artifact_refs=(image.tag, *image.papers)),),
    )


async def prepare_database(deployment: Deployment, image: Image, tools: Toolbox) -> None:
    """Give a new instance its database while nobody waits for it."""
    instance = deployment.instance
    if await tools.databases.exists(instance):
        return
    if not await tools.databases.has_base(image.base):
        tools.say(f"Installing base for Odoo {image.base}, once for all instances")
        scratch = await tools.databases.create_base(image.base)
        await tools.runtime.update(scratch, image, ModuleChange(install=("base",)), say=tools.say)
        await tools.databases.seal_base(image.base)
    await tools.databases.create(instance, base=image.base)
    tools.say(f"Created database {instance.database} from base {image.base}")


def _order(deployment: Deployment, checkout: str) -> BuildOrder:
    inspected, instance = deployment.produced(Inspected), deployment.instance
    project = deployment.project
    return BuildOrder(
        repository_tag=f"{project.organization_slug}/{project.slug}",
        commit_sha=deployment.produced(Fetched).commit.sha,
        checkout=checkout,
        modules=inspected.modules,
        odoo_version=instance.odoo_version,
        provider=instance.provider,
        source=instance.source,
        python_dependencies=inspected.python_dependencies,
    )
