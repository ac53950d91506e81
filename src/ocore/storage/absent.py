"""What is said of what is not there, or is another organization's."""

from ocore.errors import NotFound


def no_project(project_id: str) -> NotFound:
    return NotFound(f"there is no project {project_id}", code="project_not_found")


def no_deployment(deployment_id: str) -> NotFound:
    return NotFound(f"there is no deployment {deployment_id}", code="deployment_not_found")


def no_instance(instance_id: str) -> NotFound:
    return NotFound(f"there is no instance {instance_id}", code="instance_not_found")
