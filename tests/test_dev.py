"""dev.py: what it decides, from facts handed in; what it starts is tried by every run of it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from helpers.reference import ROOT, load_dev, reference_tool

dev = load_dev()

BARE = dev.Probes(macos=False, nvcc=False, nvidia_gpu=False, glslc=False, vulkan_headers=None, spirv_headers=False)
CUDA = replace(BARE, nvcc=True, nvidia_gpu=True)
VULKAN = replace(BARE, glslc=True, vulkan_headers=(1, 3, 290), spirv_headers=True)
DEBIAN_12 = replace(VULKAN, vulkan_headers=(1, 3, 239))


@pytest.mark.parametrize(
    ("probes", "backend", "reason"),
    [
        pytest.param(BARE, "none", "nvcc is not installed", id="bare"),
        pytest.param(CUDA, "cuda", "nvcc and an NVIDIA GPU", id="cuda"),
        pytest.param(replace(BARE, nvcc=True), "none", "nvcc is here but no NVIDIA GPU", id="toolkit without GPU"),
        pytest.param(replace(BARE, nvidia_gpu=True), "none", "nvcc is not installed", id="GPU without toolkit"),
        pytest.param(VULKAN, "vulkan", "Vulkan's tools and headers", id="vulkan"),
        pytest.param(replace(VULKAN, nvcc=True), "vulkan", "no NVIDIA GPU", id="toolkit without GPU, vulkan"),
        pytest.param(DEBIAN_12, "none", "headers are 1.3.239, and llama.cpp needs 1.3.272", id="old headers"),
        pytest.param(replace(VULKAN, vulkan_headers=(1, 4, 0)), "vulkan", "", id="newer minor version"),
        pytest.param(replace(VULKAN, spirv_headers=False), "none", "spirv-headers", id="no SPIR-V headers"),
        pytest.param(replace(CUDA, glslc=True), "cuda", "", id="cuda goes before vulkan"),
        pytest.param(replace(BARE, macos=True), "metal", "macOS", id="macos"),
    ],
)
def test_auto_chooses_by_what_is_there_and_says_why(probes, backend: str, reason: str) -> None:
    choice = dev.choose_backend("auto", probes)

    assert choice.backend == backend
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("wish", "probes", "says"),
    [
        ("cuda", VULKAN, "nvcc is not on the PATH"),
        ("metal", CUDA, "only macOS"),
        ("vulkan", DEBIAN_12, "headers are 1.3.239, and llama.cpp needs 1.3.272 or newer"),
        ("vulkan", replace(VULKAN, glslc=False), "glslc is not installed"),
        ("vulkan", replace(VULKAN, vulkan_headers=None), "the Vulkan headers are not installed"),
    ],
)
def test_a_wish_that_cannot_be_built_is_refused_before_any_build(wish: str, probes, says: str) -> None:
    with pytest.raises(dev.DevError, match=re.escape(says)):
        dev.choose_backend(wish, probes)


@pytest.mark.parametrize(("wish", "probes"), [("none", CUDA), ("vulkan", VULKAN)])
def test_a_wish_that_can_be_built_is_taken(wish: str, probes) -> None:
    assert dev.choose_backend(wish, probes).backend == wish


def test_cuda_without_a_gpu_is_built_when_asked_for_but_not_silently() -> None:
    choice = dev.choose_backend("cuda", replace(BARE, nvcc=True))

    assert choice.backend == "cuda"
    assert "no NVIDIA GPU is here" in choice.reason


def test_the_backend_is_remembered_and_looked_for_again_only_when_asked(monkeypatch, capsys) -> None:
    monkeypatch.setattr(dev, "probe", lambda: CUDA)
    stamp = {"gpu": "auto", "backend": "none"}

    assert dev.backend_wish(None, stamp)[1].backend == "none"
    assert capsys.readouterr().out == ""
    assert dev.backend_wish("auto", stamp)[1].backend == "cuda"
    assert "GPU backend: cuda" in capsys.readouterr().out
    assert dev.backend_wish(None, {})[1].backend == "cuda"


def test_the_version_of_vulkan_headers_is_read() -> None:
    text = """
#define VK_HEADER_VERSION 239
#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION(0, 1, 3, VK_HEADER_VERSION)
"""
    assert dev.header_version(text) == (1, 3, 239)
    before_variants = text.replace("VK_MAKE_API_VERSION(0, 1, 3", "VK_MAKE_VERSION(1, 2")
    assert dev.header_version(before_variants) == (1, 2, 239)
    assert dev.header_version("#define VK_HEADER_VERSION 239") is None


@pytest.mark.parametrize(
    ("backend", "env", "macos", "expected"),
    [
        ("none", {}, False, "-DGGML_RPC=ON"),
        ("none", {}, True, "-DGGML_RPC=ON -DGGML_METAL=OFF"),
        ("cuda", {}, False, "-DGGML_RPC=ON -DGGML_CUDA=ON"),
        ("metal", {}, True, "-DGGML_RPC=ON -DGGML_METAL=ON"),
        ("vulkan", {"CMAKE_ARGS": "-DGGML_NATIVE=OFF"}, False, "-DGGML_RPC=ON -DGGML_VULKAN=ON -DGGML_NATIVE=OFF"),
    ],
)
def test_build_options_follow_the_backend(backend: str, env: dict[str, str], macos: bool, expected: str) -> None:
    assert dev.cmake_args(backend, env, macos) == expected


def test_each_backend_and_version_has_a_wheel_of_its_own(monkeypatch) -> None:
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    folders = {dev.wheel_folder(version, backend) for version in ("0.3.36", "0.3.37") for backend in dev.BACKENDS}
    assert len(folders) == 2 * len(dev.BACKENDS)

    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_NATIVE=OFF")
    assert dev.wheel_folder("0.3.36", "none") not in folders


def test_a_native_build_is_not_taken_to_another_processor() -> None:
    old = "processor\t: 0\nflags\t\t: sse2 fpu avx hypervisor\n\nprocessor\t: 1\nflags\t\t: sse2 fpu avx\n"

    assert dev.instruction_sets(old) == "avx sse2"
    assert dev.instruction_sets(old.replace("fpu", "vme")) == "avx sse2"
    assert dev.instruction_sets(old.replace("avx", "avx avx2")) == "avx avx2 sse2"
    assert dev.instruction_sets("Features\t: fp asimd sve\n") == "asimd fp sve"
    assert dev.instruction_sets("") == ""


@pytest.mark.parametrize(
    ("system", "env", "expected"),
    [
        ("linux", {}, "/home/ann/.cache/thinkpane-dev"),
        ("linux", {"XDG_CACHE_HOME": "/cache"}, "/cache/thinkpane-dev"),
        ("darwin", {"XDG_CACHE_HOME": "/cache"}, "/home/ann/Library/Caches/thinkpane-dev"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/thinkpane-dev"),
        ("linux", {"THINKPANE_CACHE": "/mine", "XDG_CACHE_HOME": "/cache"}, "/mine"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the expected paths are POSIX")
def test_the_cache_lies_in_the_platforms_own_folder(system: str, env: dict[str, str], expected: str) -> None:
    assert dev.cache_folder(env, system, Path("/home/ann")) == Path(expected)


def test_the_models_folder_is_the_apps() -> None:
    assert dev.models_folder() == platformdirs.user_data_path("thinkpane", appauthor=False) / "models"


def test_apt_is_never_asked_a_question_and_brings_no_more_than_named() -> None:
    update, install = dev.apt_commands(["libegl1", "g++"], ["sudo", "-n"])

    assert update == ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "update"]
    assert install[:5] == update[:5]
    assert install[5:] == ["install", "--yes", "--no-install-recommends", "libegl1", "g++"]


def pretend_missing(monkeypatch, *answers: list[str]) -> None:
    remaining = list(answers)
    monkeypatch.setattr(dev, "missing_packages", lambda **_: remaining.pop(0))
    monkeypatch.setattr(dev, "_apt_prefix", lambda: None)
    monkeypatch.setattr(dev.shutil, "which", lambda name, **_: "/usr/bin/apt-get" if name == "apt-get" else None)


def test_a_missing_compiler_stops_set_up_with_the_exact_command(monkeypatch) -> None:
    pretend_missing(monkeypatch, ["g++", "libegl1"])

    with pytest.raises(dev.DevError, match=r"sudo apt-get install --no-install-recommends g\+\+ libegl1"):
        dev.ensure_packages(compiler=True)


def test_a_missing_font_is_a_warning(monkeypatch, capsys) -> None:
    pretend_missing(monkeypatch, ["fonts-noto-cjk"])

    dev.ensure_packages(compiler=False)

    assert "sudo apt-get install --no-install-recommends fonts-noto-cjk" in capsys.readouterr().out


def test_what_is_missing_is_installed_where_that_is_allowed(monkeypatch, capsys) -> None:
    pretend_missing(monkeypatch, ["libegl1"], [])
    installed: list[list[str]] = []
    monkeypatch.setattr(dev, "_apt_prefix", lambda: ["sudo", "-n"])
    monkeypatch.setattr(dev, "_apt_install", lambda packages, _prefix: installed.append(packages))

    dev.ensure_packages(compiler=False)

    assert installed == [["libegl1"]]
    assert "Missing" not in capsys.readouterr().out


def test_the_stamp_does_not_depend_on_the_order_of_facts_but_on_each_of_them() -> None:
    facts = {"build": 1, "without": ["a", "b"]}

    assert dev.digest(facts) == dev.digest(dict(reversed(facts.items())))
    assert dev.digest(facts) != dev.digest(facts | {"build": 2})
    assert dev.digest(facts) != dev.digest(facts | {"without": ["a"]})


def test_an_environment_is_fresh_only_with_the_same_facts_and_a_python(tmp_path: Path) -> None:
    environment = dev.Environment(tmp_path)
    assert not environment.is_fresh({"build": 1})

    environment.write_stamp({"key": dev.digest({"build": 1})})
    assert not environment.is_fresh({"build": 1}), "there is no Python in it"

    environment.python.parent.mkdir()
    environment.python.write_bytes(b"")
    assert environment.is_fresh({"build": 1})
    assert not environment.is_fresh({"build": 2})


def test_a_damaged_stamp_is_as_good_as_none(tmp_path: Path) -> None:
    environment = dev.Environment(tmp_path)
    environment.write_stamp({"key": "x"})
    stamp = next(tmp_path.iterdir())
    stamp.write_text(stamp.read_text()[:-3])

    assert environment.read_stamp() == {}


def test_a_change_of_dependencies_changes_the_facts_and_a_change_of_lint_rules_does_not(
    tmp_path: Path, monkeypatch
) -> None:
    copy = tmp_path / "pyproject.toml"
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    copy.write_text(text, "utf-8")
    monkeypatch.setattr(dev, "PROJECT", copy)
    before = dev.setup_facts(dev.FULL, "0.3.36", "none")

    copy.write_text(text.replace("line-length = 120", "line-length = 100"), "utf-8")
    assert dev.setup_facts(dev.FULL, "0.3.36", "none") == before
    copy.write_text(text.replace('"numpy>=1.26"', '"numpy>=1.27"'), "utf-8")
    assert dev.setup_facts(dev.FULL, "0.3.36", "none") != before
    json.dumps(before)  # it becomes a hash


def test_the_core_environment_has_everything_but_qt() -> None:
    project = dev.project_tables()["project"]
    full, core = (dev.requirements(project, environment.without) for environment in (dev.FULL, dev.CORE))

    left_out = {re.split(r"[<>=!]", line)[0].lower() for line in set(full) - set(core)}
    assert left_out == {"pyside6-essentials", "qasync", "pytest-qt"}
    assert set(core) < set(full)


def test_every_dependency_is_pinned_exactly_and_without_an_address() -> None:
    lines = [line for line in dev.CONSTRAINTS.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)

    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    wanted = dev.requirements(dev.project_tables()["project"], frozenset())
    assert {re.sub(r"[-_.]+", "-", re.split(r"[<>=!]", line)[0]).lower() for line in wanted} <= pinned


def test_the_pinned_engine_is_the_one_that_the_project_names() -> None:
    version = dev.llama_version(dev.project_tables()["project"]["dependencies"])

    assert f"llama_cpp_python=={version}" in dev.CONSTRAINTS.read_text("utf-8").splitlines()
    with pytest.raises(dev.DevError):
        dev.llama_version(["llama-cpp-python>=0.3"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["setup"], ("setup", None, [])),
        (["setup", "--gpu", "none"], ("setup", "none", [])),
        (["run", "--gpu=cuda", "--model", "x.gguf"], ("run", "cuda", ["--model", "x.gguf"])),
        (["run", "-ngl", "3", "--gpu-layers", "4"], ("run", None, ["-ngl", "3", "--gpu-layers", "4"])),
        (["test", "tests/core", "-k", "not slow", "-x"], ("test", None, ["tests/core", "-k", "not slow", "-x"])),
        (["bench", "decode", "--json"], ("bench", None, ["decode", "--json"])),
    ],
)
def test_arguments_are_passed_on_as_they_stand(arguments: list[str], expected: tuple[str, str | None, list]) -> None:
    assert dev.parse(arguments) == expected


@pytest.mark.parametrize("arguments", [[], ["launch"], ["setup", "now"], ["run", "--gpu", "gpu"]])
def test_a_command_line_that_means_nothing_ends_with_status_2(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        dev.parse(arguments)

    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("system", "env", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"QT_QPA_PLATFORM": "vnc"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_noticed(system: str, env: dict[str, str], expected: bool) -> None:
    assert dev.has_display(env, system) is expected


def test_a_command_that_fails_repeats_its_last_lines_and_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "build.log"
    script = "for n in range(30): print('line', n)\nraise SystemExit(3)"

    with pytest.raises(dev.DevError) as caught:
        dev.run_logged("Building", [sys.executable, "-c", script], log, notable="line")

    text = str(caught.value)
    assert text.startswith("Building failed:")
    assert "line 29" in text
    assert "line 9\n" not in text
    assert str(log) in text
    assert len(log.read_text("utf-8").splitlines()) == 30


@pytest.mark.skipif(sys.platform == "win32", reason="processes are grouped as on POSIX")
@pytest.mark.parametrize("ignores", [False, True])
def test_an_interrupted_command_takes_what_it_started_with_it(tmp_path: Path, monkeypatch, ignores: bool) -> None:
    # In a shell's background the signal is ignored, and what is started there inherits that.
    handler = signal.SIG_IGN if ignores else signal.default_int_handler
    before = signal.signal(signal.SIGINT, handler)
    monkeypatch.setattr(dev, "END_GRACE", 0.5)

    def interrupt(follower, _started: float) -> None:
        while "ready" not in follower.latest:
            follower.join(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(dev, "_show_progress", interrupt)
    grandchild = "print('ready', flush=True); import threading; threading.Event().wait()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"

    # It returns only when nobody holds the output any more.
    try:
        with pytest.raises(KeyboardInterrupt):
            dev.run_logged("Building", [sys.executable, "-c", child], tmp_path / "log", notable="ready")
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  [3/210] Building CXX object src/llama.cpp.o\n", "[3/210] llama.cpp.o"),
        ("[  4%] Building C object ggml.c.o\n", "[  4%] ggml.c.o"),
        ("  Installing build dependencies: started\n", "Installing build dependencies: started"),
        ("  warning: unused variable\n", ""),
    ],
)
def test_progress_shows_the_steps_of_a_build(line: str, shown: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        follower = dev._Follower([line], log, dev.BUILD_STEP)
        follower.run()

    assert follower.latest == shown
    assert (tmp_path / "log").read_text() == line


def test_an_interrupted_download_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("THINKPANE_CACHE", str(tmp_path / "cache"))

    def interrupted() -> None:
        with dev.folder_in_cache() as folder:
            (folder / "half.whl").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")
def test_the_virtual_display_lives_as_long_as_it_is_used() -> None:
    with dev._virtual_x_server() as name:
        socket = Path("/tmp/.X11-unix/X" + name.removeprefix(":"))
        assert socket.exists()
    assert not socket.exists()


def test_a_step_that_fails_does_not_keep_the_others_from_running(capsys) -> None:
    ran = threading.Event()

    def later_step() -> bool:
        ran.set()
        return True

    assert not dev.run_steps({"first": lambda: False, "second": later_step})
    assert ran.is_set()
    summary = capsys.readouterr().out.partition("Summary")[2]
    assert re.search(r"FAILED +\d+ s  first", summary)
    assert re.search(r"passed +\d+ s  second", summary)


def test_packaging_is_named_when_it_is_missing(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)

    assert dev.main(["package"]) == 1
    assert capsys.readouterr().err == "There is no packaging/build.py yet.\n"


def test_the_reference_tools_are_found_where_they_were_put(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("THINKPANE_REFERENCE", str(tmp_path))
    assert reference_tool("llama-bench") is None

    tool = tmp_path / f"llama-bench{dev.EXE}"
    tool.write_bytes(b"")
    assert reference_tool("llama-bench") == tool
