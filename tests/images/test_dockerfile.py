import pytest

from ocore.errors import StepFailed
from ocore.images.apt import system_packages
from ocore.images.dockerfile import (
    Recipe,
    debian_dockerfile,
    dockerfile,
)

RECIPE = Recipe(
    base="ocore/odoo:19.0-5e1ec7ed",
    installer="ocore/uv:0.13.9",
    system_packages=("libldap2-dev", "wkhtmltopdf"),
    keeps_packages=False,
    packages="ba5e",
)
TEXT = """\
# Made by oCore. A commit that changes modules only makes the last layer anew.
FROM ocore/odoo:19.0-5e1ec7ed AS base
USER root
LABEL ocore.packages=system
RUN apt-get -qq -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \\
      libldap2-dev \\
      wkhtmltopdf \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# Addresses, credentials and certificates of the index stay behind in this stage.
FROM base AS python
LABEL ocore.packages=ba5e
COPY --from=ocore/uv:0.13.9 /uv /usr/local/bin/uv
COPY python /build
RUN set -a \\
 && . /build/settings \\
 && uv venv --quiet --python python3 /opt/venv \\
 && uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python \\
      -r /build/requirements.txt

FROM base
LABEL ocore.packages=ba5e
COPY --from=python /opt/venv /opt/venv
COPY health.py /opt/ocore/health.py
ENV USER=odoo PATH=/opt/venv/bin:$PATH
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \\
  CMD ["/opt/venv/bin/python", "/opt/ocore/health.py"]
USER 10001:10001
COPY modules /opt/modules
LABEL ocore.commit="c0ffee" \\
      ocore.title="a \\"b\\" \\$c é"
"""


def test_what_changes_least_comes_first() -> None:
    labels = {"ocore.commit": "c0ffee", "ocore.title": 'a "b" $c é'}
    assert dockerfile(RECIPE, labels) == TEXT


def test_debian_comes_from_an_image_or_from_a_root_file_system() -> None:
    given = debian_dockerfile("debian:bookworm-slim").splitlines()
    made = debian_dockerfile(None).splitlines()
    assert given[1] == "FROM debian:bookworm-slim"
    assert made[1:3] == ["FROM scratch", "ADD debian.tar /"]
    assert given[2:] == made[5:]


def test_an_apt_txt_is_a_list_of_packages() -> None:
    text = "# for LDAP\nlibldap2-dev\n\nwkhtmltopdf  # reports\nlibldap2-dev\n"
    assert system_packages(text) == ("libldap2-dev", "wkhtmltopdf")
    assert system_packages(None) == ()


@pytest.mark.parametrize("line", ["-y", "./evil.deb", "a b", "hello=1.0", "$(touch ran)", "A"])
def test_anything_but_the_name_of_a_package_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(StepFailed, match=r"apt\.txt line 2"):
        system_packages(f"hello\n{line}\n")
