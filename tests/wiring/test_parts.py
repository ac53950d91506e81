"""What the platform's own programs get of the environment that `ocore up` was started in."""

from collections.abc import Callable, Mapping

import pytest

from ocore.embedded.programs import Program
from ocore.embedded.settings import Settings, settings_from
from ocore.wiring.parts import api_program, worker_program

COMPANY = {
    "GIT_SSL_CAINFO": "/etc/company.pem",
    "OCORE_REGISTRY": "registry.example.com",
    "SSH_AUTH_SOCK": "/run/agent",
    "SSL_CERT_FILE": "/etc/company.pem",
    "UV_DEFAULT_INDEX": "https://pypi.example.com/simple",
    "http_proxy": "http://proxy.example.com:3128",
    "https_proxy": "http://proxy.example.com:3128",
    "no_proxy": "localhost,.example.com",
}


@pytest.mark.parametrize("program_of", [api_program, worker_program])
def test_what_a_company_says_of_its_network_reaches_who_fetches(
    program_of: Callable[[Settings, Mapping[str, str]], Program],
) -> None:
    program = program_of(settings_from({"OCORE_HOME": "/h"}), COMPANY)
    assert program.env.items() >= COMPANY.items()


def test_nothing_else_of_it_does() -> None:
    settings = settings_from({"OCORE_HOME": "/h"})
    found = worker_program(settings, {"AWS_SECRET_ACCESS_KEY": "s", "PYTHONPATH": "/elsewhere"}).env
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & found.keys()
