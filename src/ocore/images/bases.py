"""What the images of projects are built on: an operating system with Odoo on it."""

from dataclasses import dataclass

from ocore.odoo.providers import OdooTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image with Odoo in it, and nothing of a project.

    `reference` is what FROM says; `name` tells Odoos apart, as `Image.base` does. The paths of
    `tree` are those inside. `keeps_packages`: Python's packages that Odoo needs are in it already.
    """

    reference: str
    name: str
    tree: OdooTree
    keeps_packages: bool
