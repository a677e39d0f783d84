"""Starting things, as far as it goes without Ray: addresses, drivers, what may be asked of a workload."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from nestviz.errors import LaunchError, UsageError
from nestviz.launch.cluster import ExternalRay, find_cluster
from nestviz.launch.driver import Driver
from nestviz.launch.environment import child_environment
from nestviz.launch.reach import parse_address, probe
from nestviz.launch.request import check_request, find_workload

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@contextmanager
def server(answer):
    """Something that listens and gives every caller that answer; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    caller, _ = listening.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(1_000)
                    caller.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_an_address_is_a_host_and_a_port():
    assert parse_address("head.example:6379") == ("head.example", 6379)
    assert parse_address("[fd00::2]:6379") == ("fd00::2", 6379)


@pytest.mark.parametrize("text", ["head", "head:", "head:0", "head:70000", ":6379", "a b:1", "fd00::2"])
def test_other_texts_are_no_address(text):
    with pytest.raises(LaunchError, match="is not an address; give host:port"):
        parse_address(text)


@pytest.mark.parametrize("text", ["ray://head:10001", "http://head:8265"])
def test_a_client_address_is_refused_with_what_to_give_instead(text):
    with pytest.raises(LaunchError, match="give host:port of the cluster's head node"):
        parse_address(text)


def test_a_server_that_speaks_http2_may_be_ray():
    with server(SETTINGS) as port:
        assert probe("127.0.0.1", port) == ""


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_another_server_is_not_ray(answer):
    with server(answer) as port:
        assert probe("127.0.0.1", port) == "what listens there is not Ray"


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert probe("127.0.0.1", silent.getsockname()[1], timeout_s=0.01) == "no answer within 0.01 s"


def test_without_an_address_and_a_local_cluster_there_is_none(tmp_path):
    assert find_cluster({"RAY_TMPDIR": str(tmp_path)}) is None


def test_the_address_local_asks_for_a_ray_of_ones_own():
    assert find_cluster({"RAY_ADDRESS": "local"}) is None


def test_a_cluster_at_ray_address_is_used():
    with server(SETTINGS) as port:
        cluster = find_cluster({"RAY_ADDRESS": f"127.0.0.1:{port}"})
        assert cluster == ExternalRay(f"127.0.0.1:{port}", "127.0.0.1", port)
        assert cluster.environment == {"RAY_ADDRESS": f"127.0.0.1:{port}"}
        assert cluster.is_alive
    assert not cluster.is_alive


def test_a_cluster_that_ray_start_left_on_this_machine_is_used(tmp_path):
    (tmp_path / "ray").mkdir()
    with server(SETTINGS) as port:
        (tmp_path / "ray" / "ray_current_cluster").write_text(f"127.0.0.1:{port}\n")
        assert find_cluster({"RAY_TMPDIR": str(tmp_path)}) == ExternalRay("auto", "127.0.0.1", port)


@pytest.mark.parametrize("text", ["127.0.0.1:{port}", "nonsense"])
def test_what_a_former_cluster_left_is_passed_over(tmp_path, closed_port, text):
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(text.format(port=closed_port))
    assert find_cluster({"RAY_TMPDIR": str(tmp_path)}) is None
    with pytest.raises(LaunchError, match="RAY_ADDRESS=auto leads to"):
        find_cluster({"RAY_TMPDIR": str(tmp_path), "RAY_ADDRESS": "auto"})


def test_an_unreachable_address_is_one_clear_line(closed_port):
    with pytest.raises(LaunchError) as caught:
        find_cluster({"RAY_ADDRESS": f"127.0.0.1:{closed_port}"})
    assert str(caught.value) == (
        f"no Ray can be reached at RAY_ADDRESS=127.0.0.1:{closed_port}: Connection refused; start it, or unset RAY_ADDRESS"
    )


def test_a_child_finds_this_nestviz_from_any_folder(tmp_path):
    command = [sys.executable, "-c", "import nestviz; print(nestviz.__version__)"]
    done = subprocess.run(command, env=child_environment({}), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "0.1.0\n"


def test_a_child_gets_the_extra_variables():
    assert child_environment({"RAY_ADDRESS": "here:1"})["RAY_ADDRESS"] == "here:1"


@pytest.fixture
def start(tmp_path):
    drivers = []

    def start_code(code):
        drivers.append(
            Driver.start(
                [sys.executable, "-c", code],
                address="here:1",
                home=tmp_path / "home",
                log_path=tmp_path / "logs" / "run.log",
                environment={"RAY_AUTH_MODE": "token"},
            )
        )
        return drivers[-1]

    yield start_code
    for driver in drivers:
        driver.stop(grace_s=0)


def finished(driver):
    driver._process.wait()
    return driver


@pytest.fixture
def signal_file(tmp_path):
    """A pipe in the file system: a program that opens it for writing tells us that it has come so far."""
    path = tmp_path / "ready"
    os.mkfifo(path)
    return path


def test_a_program_runs_attached_to_ray_and_records_into_the_home(start, tmp_path):
    code = "import os; print(*(os.environ[k] for k in ('RAY_ADDRESS', 'RAY_AUTH_MODE', 'NESTVIZ_HOME')))"
    assert finished(start(code)).output() == f"here:1 token {tmp_path / 'home'}\n"


def test_a_program_that_returns_0_has_finished(start):
    driver = finished(start("print('out')"))
    assert (driver.state, driver.exit_status) == ("finished", 0)


def test_a_program_that_raises_has_failed_and_its_error_is_in_the_output(start):
    driver = finished(start("raise ValueError('no luck')"))
    assert (driver.state, driver.exit_status) == ("failed", 1)
    assert driver.output().endswith("ValueError: no luck\n")


def test_the_output_is_cut_to_its_last_whole_lines(start):
    assert finished(start("print('first line'); print('second'); print('third')")).output(max_bytes=15) == "second\nthird\n"


def test_output_that_is_no_text_is_shown_as_far_as_it_goes(start):
    assert finished(start("import sys; sys.stdout.buffer.write(b'a\\xffb')")).output() == "a\N{REPLACEMENT CHARACTER}b"


def test_a_program_can_be_interrupted(start, signal_file):
    driver = start(f"open({str(signal_file)!r}, 'w').close()\nimport signal; signal.pause()")
    signal_file.read_text()
    assert (driver.state, driver.exit_status) == ("running", None)
    driver.stop()
    assert driver.state == "stopped"
    assert driver.output().endswith("KeyboardInterrupt\n")


def test_a_program_that_takes_no_notice_is_killed_with_its_children(start, signal_file):
    driver = start(
        "import os, signal\n"
        "for s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n"
        f"if os.fork(): open({str(signal_file)!r}, 'w').close()\n"
        "signal.pause()"
    )
    signal_file.read_text()
    driver.stop(grace_s=0.1)
    assert (driver.state, driver.exit_status) == ("stopped", -9)
    running = subprocess.run(["ps", "-o", "stat=", "-g", str(driver.pid)], capture_output=True, text=True, check=False).stdout
    assert [state for state in running.split() if not state.startswith("Z")] == []


def test_stopping_what_has_ended_changes_nothing(start):
    driver = finished(start("pass"))
    driver.stop()
    assert driver.state == "finished"


def test_no_program_outlives_the_process_that_started_it(tmp_path, signal_file):
    code = (
        "import sys; from pathlib import Path; from nestviz.launch.driver import Driver\n"
        f"ready = {str(signal_file)!r}\n"
        "code = f'open({ready!r}, \"w\").close()\\nimport signal; signal.pause()'\n"
        f"home = Path({str(tmp_path)!r})\n"
        "driver = Driver.start([sys.executable, '-c', code], address=None, home=home, log_path=home / 'log')\n"
        "open(ready).read(); print(driver.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=child_environment({}), capture_output=True, text=True, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_a_missing_program_is_one_clear_line(tmp_path):
    with pytest.raises(LaunchError, match="cannot start /nowhere/python: "):
        Driver.start(["/nowhere/python"], address=None, home=tmp_path, log_path=tmp_path / "log")


def test_an_unknown_workload_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="there is no workload 'bogosort'; choose one of quicksort, "):
        find_workload("bogosort")


@pytest.mark.parametrize(
    ("sizes", "threshold", "seed", "message"),
    [
        ([100, -1], None, 1, "size -1 is too small: at least 0"),
        ([10**12], None, 1, "size 1000000000000 is too large: at most 50000000"),
        ([100], -5, 1, "threshold -5 is too small: at least 0"),
        ([100], None, -1, "seed -1 is too small: at least 0"),
        ([], None, 1, "quicksort needs at least one size"),
    ],
)
def test_numbers_out_of_range_are_refused(sizes, threshold, seed, message):
    with pytest.raises(UsageError) as caught:
        check_request(find_workload("quicksort"), sizes, threshold, seed)
    assert str(caught.value) == message
