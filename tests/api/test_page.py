"""The page on which people try the API."""

import re

from tests.api.parts import Api


async def test_the_page_is_made_of_what_this_server_has(shared: Api) -> None:
    page = await shared.get("/api/docs", headers={"Authorization": ""})
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    needed = re.findall(r'(?:href|src)="(docs/[^"]+)"', page.body.decode())
    assert len(needed) == 3
    for path in needed:
        assert (await shared.get(f"/api/{path}")).status == 200, path


async def test_the_page_may_load_and_send_nothing_elsewhere(shared: Api) -> None:
    page = await shared.get("/api/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "://" not in page.body.decode()


async def test_no_other_file_can_be_had_there(shared: Api) -> None:
    for name in ("swagger-editor.js", "..%2Fcore.py"):
        assert (await shared.get(f"/api/docs/{name}")).problem()[0] == 404
