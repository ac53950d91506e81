"""Images built by a real Docker daemon, on an Odoo that is never started."""

import asyncio
import gc
from dataclasses import replace

import pytest

from ocore.attestations import Subject
from ocore.errors import StepFailed
from ocore.kit.docker import DockerEngine
from tests.images.papers import read_papers
from tests.images.test_releases import SMALL
from tests.images.yard import Yard


async def test_an_image_holds_the_modules_and_what_they_import(yard: Yard) -> None:
    tag = await yard.build(yard.order(SMALL))
    assert tag.startswith(f"{yard.project}:{'a' * 12}-")
    script = "import iniconfig, os; print(os.listdir('/opt/modules'), os.getuid())"
    assert await yard.output(tag, "python", "-c", script) == "['loans'] 10001\n"
    assert any(line.startswith("Step ") for line in yard.said), yard.said


async def test_an_image_says_what_it_is_and_whether_it_is_well(yard: Yard) -> None:
    tag = await yard.build(yard.order())
    config = (await yard.inspect(tag))["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][-1] == "/opt/ocore/health.py"
    assert config["Labels"]["ocore.commit"] == "a" * 40
    assert config["Labels"]["ocore.project"] == yard.project
    assert config["Labels"]["ocore.inputs"] == tag.rpartition("-")[2]
    assert config["Labels"]["org.opencontainers.image.revision"] == "a" * 40


async def test_an_image_has_signed_papers(yard: Yard) -> None:
    image = await yard.images.build(yard.order(SMALL), say=yard.said.append)
    bill, *signed = read_papers(yard.folder, image)
    listed = {each["purl"] for each in bill["components"]}
    assert {"pkg:pypi/iniconfig@2.1.0", "pkg:generic/odoo/loans@1.0"} <= listed
    assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in listed)
    digest = (await yard.inspect(image.tag))["Id"].removeprefix("sha256:")
    subject = Subject(name=image.tag, digest={"sha256": digest})
    assert [statement.subjects for statement in signed] == [(subject,), (subject,)]
    again = await yard.images.build(yard.order(SMALL), say=yard.said.append)
    assert again.papers == image.papers


async def test_the_same_inputs_are_built_once(yard: Yard) -> None:
    first = await yard.images.build(yard.order(), say=yard.said.append)
    yard.said.clear()
    again = await yard.images.build(yard.order(), say=yard.said.append)
    assert again == replace(first, reused=True)
    assert yard.said[-1] == f"{first.tag} was built before"
    assert not any(line.startswith("Step ") for line in yard.said)


async def test_workers_that_build_at_once_make_one(yard: Yard) -> None:
    built = await asyncio.gather(
        *(yard.images.build(yard.order(), say=yard.said.append) for _ in range(3))
    )
    assert sorted(image.reused for image in built) == [False, True, True]


async def test_a_commit_that_changes_code_only_makes_one_small_layer(yard: Yard) -> None:
    first = await yard.inspect(await yard.build(yard.order(SMALL)))
    second = await yard.inspect(await yard.build(yard.order(SMALL, sha="b" * 40)))
    layers, others = first["RootFS"]["Layers"], second["RootFS"]["Layers"]
    assert layers[:-1] == others[:-1]
    assert layers[-1] != others[-1]


async def test_what_reaches_the_index_is_not_in_the_image(yard: Yard) -> None:
    yard.environment = {"UV_INSECURE_HOST": "token-hunter2.example", "HOME": "/nowhere"}
    tag = await yard.build(yard.order(SMALL))
    async with yard.engine.connected() as docker:
        image = await docker.images.inspect(tag)
        history = await docker.images.history(tag)
    assert "hunter2" not in f"{image} {history}"
    told = await yard.output(tag, "sh", "-c", "ls -d /build /usr/local/bin/uv; env")
    assert told.count("No such file") == 2
    assert "hunter2" not in told


async def test_an_apt_txt_brings_system_packages(yard: Yard) -> None:
    tag = await yard.build(yard.order(apt__txt="hello\n"))
    assert (await yard.output(tag, "hello")).startswith("Hello")


async def test_a_requirement_that_does_not_exist_fails_with_what_the_installer_said(
    yard: Yard,
) -> None:
    order = yard.order("ocore-no-such-distribution==1.0")
    async with yard.engine.connected() as docker:
        before = {each.id for each in await docker.containers.list(all=1)}
    with pytest.raises(StepFailed, match=r"cannot be built.*ocore-no-such"):
        await yard.build(order)
    async with yard.engine.connected() as docker:
        assert await docker.images.list(filters={"reference": [yard.project]}) == []
        assert {each.id for each in await docker.containers.list(all=1)} == before


async def test_the_repositorys_own_dockerfile_is_built_upon(yard: Yard) -> None:
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    text = f"FROM {base}\nENV PYTHONPATH=/opt/odoo\nCOPY note.txt /note\nRUN touch /made\n"
    order = yard.order(sha="c" * 40, Dockerfile=text, note__txt="hello\n")
    tag = await yard.build(order)
    told = await yard.output(tag, "ls", "/made", "/opt/modules", "/note")
    assert told == "/made\n/note\n\n/opt/modules:\nloans\n"
    assert "Building the repository's own Dockerfile" in yard.said


async def test_the_repositorys_own_dockerfile_may_use_what_only_buildkit_knows(yard: Yard) -> None:
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    # Never run before, by its text.
    run = f"RUN --mount=type=cache,target=/kept printf 'one\\n{yard.project}' | tee /kept/x"
    text = f"FROM {base}\nENV PYTHONPATH=/opt/odoo\n{run}\n"
    tag = await yard.build(yard.order(sha="f" * 40, Dockerfile=text))
    assert "one" in yard.said
    assert yard.project in yard.said
    assert sum("RUN --mount=type=cache" in line for line in yard.said) == 1
    assert (await yard.output(tag, "ls", "-A", "/kept")).strip() == ""


async def test_an_own_dockerfile_that_fails_says_what_its_program_said(yard: Yard) -> None:
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    text = f"FROM {base}\nRUN echo 'no such wheel {yard.project}' >&2; exit 3\n"
    with pytest.raises(StepFailed, match=r"cannot be built:.*no such wheel.*exit code: 3"):
        await yard.build(yard.order(sha="9" * 40, Dockerfile=text))
    with pytest.raises(StepFailed, match=r"cannot be built:.*unknown instruction: FORM"):
        await yard.build(yard.order(sha="8" * 40, Dockerfile="FORM debian\n"))


async def test_an_image_of_ones_own_is_taken_by_its_name(yard: Yard) -> None:
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    text = f"FROM {base}\nENV PYTHONPATH=/opt/odoo\n"
    own = await yard.images.foreign.build(yard.order(sha="d" * 40, Dockerfile=text), say=print)
    async with yard.engine.connected() as docker:
        await docker.images.tag(own.reference, "127.0.0.1:9/ours/odoo", tag="19.0")
    order = replace(yard.order(), provider="image", source="127.0.0.1:9/ours/odoo:19.0")
    tag = await yard.build(order)
    assert await yard.output(tag, "ls", "/opt/modules") == "loans\n"
    assert any("No registry has 127.0.0.1:9/ours/odoo:19.0" in line for line in yard.said)


async def test_an_image_without_odoo_is_refused(yard: Yard) -> None:
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    order = yard.order(sha="e" * 40, Dockerfile=f"FROM {base}\n")
    with pytest.raises(StepFailed, match="no Odoo in"):
        await yard.build(order)


async def test_an_image_that_nobody_has_is_a_failure_that_names_it(yard: Yard) -> None:
    order = replace(yard.order(), provider="image", source="127.0.0.1:9/no/odoo:19.0")
    with pytest.raises(StepFailed, match=r"127\.0\.0\.1:9/no/odoo:19\.0 is not here"):
        await yard.build(order)


async def test_a_cut_build_leaves_nothing_that_could_pass_for_whole(yard: Yard) -> None:
    order = yard.order("polib", sha="f" * 40)
    cut = asyncio.create_task(yard.images.build(order, say=yard.said.append))
    while not any("uv pip install" in line for line in yard.said):  # noqa: ASYNC110 - of another task
        await asyncio.sleep(0.01)
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    del cut
    gc.collect()  # a connection that was left open would complain here
    async with yard.engine.connected() as docker:
        assert await docker.images.list(filters={"reference": [yard.project]}) == []
    assert not (await yard.images.build(order, say=yard.said.append)).reused


async def test_a_daemon_that_does_not_answer_is_named() -> None:
    engine = DockerEngine("unix:///nowhere/docker.sock", patience=0.3)
    with pytest.raises(StepFailed, match=r"/nowhere/docker\.sock does not answer"):
        async with engine.connected():
            pass
