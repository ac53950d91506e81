from ocore.kit.swarm import address


def test_a_manager_is_reached_by_what_it_advertises_wherever_its_agent_was_seen() -> None:
    managing = {"Leader": True, "Reachability": "reachable", "Addr": "10.0.0.7:2377"}
    for seen in ("0.0.0.0", "127.0.0.1", "10.0.0.7"):  # noqa: S104 - as Swarm says it
        node = {"Status": {"State": "ready", "Addr": seen}, "ManagerStatus": managing}
        assert address(node) == "10.0.0.7"


def test_a_worker_is_reached_where_its_manager_saw_it() -> None:
    assert address({"Status": {"State": "ready", "Addr": "10.0.0.8"}}) == "10.0.0.8"
