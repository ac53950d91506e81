import configparser

from ocore.environments import Limits
from ocore.odoo.commands import (
    Program,
    cron_command,
    neutralize_command,
    server_command,
    update_command,
)
from ocore.odoo.conf import Conf, Connection, Listening, odoo_conf

CONF = Conf(
    database="library_1",
    connection=Connection(host="127.0.0.1", port=5433, user="library_1", password="p#w;1"),
    listening=Listening(host="127.0.0.1", http_port=8101, websocket_port=8102),
    data_dir="/srv/library/data",
    addons_paths=("/srv/library/addons", "/opt/odoo/addons"),
    limits=Limits(workers=2, limit_time_real=300),
    admin_password="guarded",
)
PROGRAM = Program(python="/venv/bin/python", executable="/opt/odoo/odoo-bin", conf="/etc/odoo.conf")


def options(conf: Conf = CONF) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read_string(odoo_conf(conf))
    return dict(parser["options"])


def test_the_file_says_all_that_odoo_needs() -> None:
    read = options()
    assert read["db_name"] == "library_1"
    assert read["db_password"] == "p#w;1"
    assert read["addons_path"] == "/srv/library/addons,/opt/odoo/addons"
    assert (read["http_port"], read["gevent_port"]) == ("8101", "8102")
    assert (read["workers"], read["limit_time_real"]) == ("2", "300")


def test_nobody_can_list_or_choose_databases() -> None:
    read = options()
    assert read["list_db"] == "False"
    assert read["dbfilter"] == "^library_1$"
    assert read["admin_passwd"] == "guarded"


def test_the_log_goes_to_standard_output_and_there_is_no_demo_data() -> None:
    read = options()
    assert "logfile" not in read
    assert read["without_demo"] == "True"
    assert read["proxy_mode"] == "True"


def test_no_password_is_shown_by_accident() -> None:
    assert "p#w;1" not in repr(CONF)
    assert "guarded" not in repr(CONF)


def test_a_colour_runs_no_scheduled_action() -> None:
    assert options()["max_cron_threads"] == "0"
    assert server_command(PROGRAM)[-1] == "--max-cron-threads=0"


def test_crons_are_threads_of_one_process_so_that_none_outlives_it() -> None:
    assert cron_command(PROGRAM, threads=2)[-3:] == [
        "--no-http",
        "--workers=0",
        "--max-cron-threads=2",
    ]


def test_crons_leave_the_processor_to_users() -> None:
    assert cron_command(PROGRAM, threads=1)[:3] == ["nice", "-n", "10"]
    assert "nice" not in server_command(PROGRAM)


def test_the_updater_serves_nothing_and_ends() -> None:
    assert update_command(PROGRAM, install=("a", "b"), update=("c",)) == [
        "/venv/bin/python",
        "/opt/odoo/odoo-bin",
        "--config",
        "/etc/odoo.conf",
        "--init",
        "a,b",
        "--update",
        "c",
        "--stop-after-init",
        "--no-http",
        "--workers=0",
        "--max-cron-threads=0",
    ]


def test_an_empty_list_of_modules_is_no_argument() -> None:
    assert "--init" not in update_command(PROGRAM, update=("c",))
    assert "--update" not in update_command(PROGRAM, install=("a",))


def test_tests_run_in_the_updater_when_they_are_asked_for() -> None:
    argv = update_command(PROGRAM, update=("c",), test_tags=("/c", "/d"))
    assert argv[argv.index("--test-tags") + 1] == "/c,/d"
    assert "--test-tags" not in update_command(PROGRAM, update=("c",))


def test_neutralizing_is_a_command_of_its_own() -> None:
    assert neutralize_command(PROGRAM)[1:] == [
        "/opt/odoo/odoo-bin",
        "neutralize",
        "--config",
        "/etc/odoo.conf",
    ]
