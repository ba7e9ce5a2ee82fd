#!/usr/bin/env python3
"""The one door for people who work on Thinkpane: set-up, run, test, lint, bench, reference, package.

It works before anything is installed, so it is one file and needs the standard library only. Everything it makes lies
in `.venv`, `.venv-core` and `build` in this folder, in its own cache outside, and in the app's models folder.
"""

# Older Pythons must be able to read this file as far as the next statement, which sends them away; hence no
# `from __future__ import annotations`, no walrus or parenthesised `with`, and imports below it.
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"Thinkpane needs Python 3.11 or newer, and this is Python {sys.version_info[0]}.{sys.version_info[1]}. "
        "Start dev.py with a newer one, for example: python3.11 dev.py run"
    )

import argparse
import contextlib
import ctypes
import fnmatch
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sysconfig
import tarfile
import tempfile
import threading
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"

BUILD = 1
"""Raise it when what set-up makes changes in a way that no other input of its stamp shows."""

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"
EXE = ".exe" if WINDOWS else ""
PROCESSORS = os.cpu_count() or 1


# ---- Talking to the person -------------------------------------------------------------------------------------------


class DevError(Exception):
    """The work cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    """Print a line at once, so that it keeps its place among what child processes print."""
    print(text, flush=True)


class _Follower(threading.Thread):
    """Reads a command's output: all of it into its log, the last lines and the last notable one into memory.

    Of a notable line the groups of the pattern are kept, or all that it matched if it has none.
    """

    def __init__(self, output: IO[str], log: IO[str], notable: str) -> None:
        super().__init__(daemon=True)
        self.tail: deque[str] = deque(maxlen=20)
        self.latest = ""
        self._output, self._log, self._notable = output, log, re.compile(notable)

    def run(self) -> None:
        with contextlib.suppress(ValueError):  # closed while being read: the person pressed Ctrl-C twice
            for line in self._output:
                self._follow(line)

    def _follow(self, line: str) -> None:
        self._log.write(line)
        self._log.flush()
        self.tail.append(line.rstrip())
        found = self._notable.search(line)
        if found:
            self.latest = " ".join(filter(None, found.groups())) or found[0].strip()


def _show_progress(follower: _Follower, started: float) -> None:
    """Seconds gone by and the last notable line: each second in place on a terminal, every 15 seconds elsewhere."""
    terminal = sys.stdout.isatty()
    while follower.is_alive():
        follower.join(1 if terminal else 15)
        line = f"  {time.monotonic() - started:4.0f} s  {follower.latest}"
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="", flush=True)
        elif follower.is_alive():
            say(line[:120])
    if terminal:
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r", flush=True)


END_GRACE = 5.0
"""Seconds that an interrupted command has for clearing up."""


def _end(process: subprocess.Popen[str]) -> None:
    """End a command that was started in a session of its own, with all that it started: compilers, for example."""
    if WINDOWS:
        process.terminate()
        return
    os.killpg(process.pid, signal.SIGINT)  # pip then removes its temporary files
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_GRACE)
    # Started from a shell's background, it and all that it started ignore SIGINT.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run_logged(
    what: str,
    command: list[str],
    log: Path,
    *,
    notable: str,
    extra_env: Mapping[str, str] | None = None,
) -> None:
    """Run a long command with its output in `log`, showing the seconds and its last line that matches `notable`.

    Raises:
        DevError: It failed; the text names the log and repeats its last 20 lines.
    """
    started = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | (extra_env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        with process:
            assert process.stdout is not None
            follower = _Follower(process.stdout, file, notable)
            follower.start()
            try:
                _show_progress(follower, started)
            except BaseException:
                _end(process)
                raise
            finally:
                follower.join()
    if process.returncode:
        last = "\n".join(f"  | {line}" for line in follower.tail)
        raise DevError(f"{what} failed:\n{last}\nAll of its output: {log}")


def plural(count: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# ---- Places ----------------------------------------------------------------------------------------------------------


def cache_folder(env: Mapping[str, str] = os.environ, system: str = sys.platform, home: Path | None = None) -> Path:
    """Where builds are kept between checkouts: `$THINKPANE_CACHE`, or a folder in the platform's cache folder."""
    if env.get("THINKPANE_CACHE"):
        return Path(env["THINKPANE_CACHE"]).expanduser().resolve()
    home = home or Path.home()
    if system == "win32":
        base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif system == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "thinkpane-dev"


def models_folder(env: Mapping[str, str] = os.environ, system: str = sys.platform, home: Path | None = None) -> Path:
    """The app's own models folder. It must agree with platformdirs, which the app asks and which is not here yet."""
    home = home or Path.home()
    if system == "win32":
        base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif system == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "thinkpane" / "models"


def log_file(name: str) -> Path:
    """The log of a long command; the next command of that name overwrites it."""
    return cache_folder() / "logs" / f"{name}.log"


# ---- Packages of the operating system --------------------------------------------------------------------------------

LIBRARIES = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libfontconfig1": "libfontconfig.so.1",
    "libfreetype6": "libfreetype.so.6",
    "libdbus-1-3": "libdbus-1.so.3",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libwayland-cursor0": "libwayland-cursor.so.0",
    "libgomp1": "libgomp.so.1",
}
"""What PySide6's wheels and, the last one, llama.cpp link to but do not carry: Debian's package, and its library."""

FONTS = {
    "fonts-dejavu-core": "DejaVuSans.ttf",
    "fonts-noto-cjk": "NotoSansCJK*",
    "fonts-noto-color-emoji": "NotoColorEmoji*",
}
"""Without these, models' answers show boxes: Debian's package and a file in it."""

MUST_HAVE = ("python3-venv", "g++")
"""Set-up itself fails without them; all others only make the window poorer, or keep it from opening."""


def _library_loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _font_files() -> set[str]:
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    folders += [Path.home() / ".fonts", Path.home() / ".local/share/fonts"]
    return {path.name for folder in folders for path in folder.rglob("*") if path.suffix in {".ttf", ".otf", ".ttc"}}


def missing_packages(*, compiler: bool, display_server: bool) -> list[str]:
    """Debian's names of what is missing here; on systems other than Linux only what set-up cannot do without."""
    missing = []
    importlib.invalidate_caches()
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        missing.append("python3-venv")
    if compiler and not WINDOWS and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        missing.append("g++")
    if not sys.platform.startswith("linux"):
        return missing
    missing += [package for package, library in LIBRARIES.items() if not _library_loads(library)]
    files = _font_files()
    missing += [package for package, pattern in FONTS.items() if not fnmatch.filter(files, pattern)]
    if display_server and not shutil.which("Xvfb"):
        missing.append("xvfb")
    return missing


def apt_commands(packages: Iterable[str], prefix: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """The two commands, update and install, that bring `packages` without asking questions."""
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return [*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", *packages]


def _apt_prefix() -> list[str] | None:
    """What to put before apt-get to be allowed to install; None where there is no apt or no permission."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    allowed = shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0
    return sudo if allowed else None


def _apt_install(packages: list[str], prefix: list[str]) -> None:
    say(f"Installing {plural(len(packages), 'package')} with apt: {' '.join(packages)}")
    update, install = apt_commands(packages, prefix)
    log, notable = log_file("apt"), r"^(?:Get:|Unpacking|Setting up).*"
    if any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        with contextlib.suppress(DevError):  # its lists may be too old: then once more, with new ones
            run_logged("apt-get install", install, log, notable=notable)
            return
    run_logged("apt-get update", update, log, notable=notable)
    run_logged("apt-get install", install, log, notable=notable)


def how_to_install(packages: list[str]) -> str:
    """The command that a person runs to get `packages`, or what to look for where there is no apt."""
    if shutil.which("apt-get"):
        return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    if MACOS:
        return "xcode-select --install"
    provided = LIBRARIES | FONTS
    return "your package manager; what is needed: " + ", ".join(provided.get(name, name) for name in packages)


def ensure_packages(*, compiler: bool, display_server: bool = False) -> None:
    """Install what the operating system lacks, where that is allowed; else say how.

    Raises:
        DevError: What is missing is a must-have.
    """
    missing = missing_packages(compiler=compiler, display_server=display_server)
    prefix = _apt_prefix() if missing else None
    if missing and prefix is not None:
        try:
            _apt_install(missing, prefix)
        except DevError as failure:
            say(str(failure))
        missing = missing_packages(compiler=compiler, display_server=display_server)
    if not missing:
        return
    command = how_to_install(missing)
    without = [name for name in MUST_HAVE if name in missing]
    if without:
        raise DevError(
            f"Set-up cannot go on without {' and '.join(without)}. Install all that is missing with:\n  {command}"
        )
    say(f"The window may not open, or lack characters, until you install what is missing with:\n  {command}")


# ---- The GPU backend -------------------------------------------------------------------------------------------------

VULKAN_HEADERS = (1, 3, 272)
"""The oldest Vulkan headers that llama.cpp compiles with; Debian 12 has 1.3.239."""

BACKENDS = ("cuda", "vulkan", "metal", "none")


@dataclass(frozen=True)
class Probes:
    """What this machine has to build a GPU backend with."""

    macos: bool
    nvcc: bool
    nvidia_gpu: bool
    glslc: bool
    vulkan_headers: tuple[int, ...] | None
    spirv_headers: bool


@dataclass(frozen=True)
class Choice:
    """A backend and why it is that one."""

    backend: str
    reason: str


def header_version(vulkan_core: str) -> tuple[int, ...] | None:
    """The version that the text of `vulkan_core.h` states, such as (1, 3, 239)."""
    patch = re.search(r"#define\s+VK_HEADER_VERSION\s+(\d+)", vulkan_core)
    complete = re.search(
        r"#define\s+VK_HEADER_VERSION_COMPLETE\s+\w+\((?:\s*\d+\s*,)?\s*(\d+)\s*,\s*(\d+)", vulkan_core
    )
    return (int(complete[1]), int(complete[2]), int(patch[1])) if patch and complete else None


def _sdk_folders() -> list[Path]:
    sdk = os.environ.get("VULKAN_SDK")
    return [*([Path(sdk)] if sdk else []), Path("/usr/local"), Path("/usr")]


def _vulkan_headers() -> tuple[int, ...] | None:
    for folder in _sdk_folders():
        header = folder / "include" / "vulkan" / "vulkan_core.h"
        if header.is_file():
            return header_version(header.read_text("utf-8", errors="replace"))
    return None


def _has_nvidia_gpu() -> bool:
    if WINDOWS:
        return shutil.which("nvidia-smi") is not None
    listed = Path("/proc/driver/nvidia/gpus")
    return (listed.is_dir() and any(listed.iterdir())) or Path("/usr/lib/wsl/lib/libcuda.so.1").exists()


def probe() -> Probes:
    """Look for toolkits and drivers; nothing is started, so this takes milliseconds."""
    configs = "*/cmake/SPIRV-Headers/SPIRV-HeadersConfig.cmake", "*/*/cmake/SPIRV-Headers/SPIRV-HeadersConfig.cmake"
    return Probes(
        macos=MACOS,
        nvcc=shutil.which("nvcc") is not None,
        nvidia_gpu=_has_nvidia_gpu(),
        glslc=shutil.which("glslc") is not None,
        vulkan_headers=_vulkan_headers(),
        spirv_headers=any(next(folder.glob(config), None) for folder in _sdk_folders() for config in configs),
    )


def why_no_vulkan(probes: Probes) -> str:
    """What llama.cpp's Vulkan backend lacks here, as the end of a sentence; empty if nothing."""
    if not probes.glslc:
        return "glslc is not installed"
    if probes.vulkan_headers is None:
        return "the Vulkan headers are not installed"
    if probes.vulkan_headers < VULKAN_HEADERS:
        have, need = (".".join(map(str, version)) for version in (probes.vulkan_headers, VULKAN_HEADERS))
        return f"the Vulkan headers are {have}, and llama.cpp needs {need} or newer"
    return "" if probes.spirv_headers else "the SPIR-V headers (spirv-headers) are not installed"


def choose_backend(wish: str, probes: Probes) -> Choice:
    """Turn a wish, `auto` or a backend, into a backend.

    Raises:
        DevError: The wish cannot be built here.
    """
    if wish == "auto":
        return _choose_for(probes)
    no_vulkan = why_no_vulkan(probes)
    if wish == "cuda" and not probes.nvcc:
        raise DevError(
            "CUDA was asked for, but nvcc is not on the PATH. Install NVIDIA's CUDA toolkit, or try --gpu auto."
        )
    if wish == "metal" and not probes.macos:
        raise DevError("Metal was asked for, but only macOS has it. Try --gpu auto.")
    if wish == "vulkan" and no_vulkan:
        raise DevError(f"Vulkan was asked for, but {no_vulkan}. Install that, or try --gpu auto.")
    no_driver = ", though no NVIDIA GPU is here: it will only start where one is" if wish == "cuda" else ""
    return Choice(wish, f"as asked for{'' if probes.nvidia_gpu else no_driver}")


def _choose_for(probes: Probes) -> Choice:
    if probes.macos:
        return Choice("metal", "this is macOS")
    if probes.nvcc and probes.nvidia_gpu:
        return Choice("cuda", "nvcc and an NVIDIA GPU are here")
    no_cuda = "nvcc is here but no NVIDIA GPU" if probes.nvcc else "nvcc is not installed"
    no_vulkan = why_no_vulkan(probes)
    if not no_vulkan:
        return Choice("vulkan", f"{no_cuda}, and Vulkan's tools and headers are here")
    return Choice("none", f"no CUDA: {no_cuda}; no Vulkan: {no_vulkan}")


# ---- llama-cpp-python, built from source -----------------------------------------------------------------------------


def llama_version(dependencies: Iterable[str]) -> str:
    """The exact version of llama-cpp-python that the project pins."""
    for dependency in dependencies:
        name, _, version = dependency.partition("==")
        if name == "llama-cpp-python":
            return version
    raise DevError("pyproject.toml no longer pins llama-cpp-python with ==.")


def cmake_args(backend: str, env: Mapping[str, str] = os.environ, macos: bool = MACOS) -> str:
    """llama.cpp's build options for `backend`; the person's own CMAKE_ARGS come last and so win."""
    flags = ["-DGGML_RPC=ON"]
    if backend != "none":
        flags.append(f"-DGGML_{backend.upper()}=ON")
    elif macos:
        flags.append("-DGGML_METAL=OFF")
    return " ".join([*flags, *shlex.split(env.get("CMAKE_ARGS", ""))])


def instruction_sets(cpuinfo: str) -> str:
    """The line of /proc/cpuinfo that llama.cpp's native build depends on, cut to what it uses and put in order."""
    line = re.search(r"^(flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    if line is None:
        return ""
    names = sorted(line[2].split())
    used = ("sse", "ssse", "avx", "fma", "f16c", "bmi", "amx")
    return " ".join(name for name in names if line[1] == "Features" or name.startswith(used))


def machine_key() -> str:
    """What a native build is for: it may crash where this differs, as in a home folder that two machines share."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return " ".join([sysconfig.get_platform(), platform.processor()])
    with cpuinfo.open(errors="replace") as file:
        first = file.read(20_000)
    return " ".join([sysconfig.get_platform(), *platform.libc_ver(), instruction_sets(first)])


def digest(facts: object) -> str:
    """A hash of plain data that does not depend on the order of keys."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def wheel_folder(version: str, backend: str) -> Path:
    """Where the wheel for `backend` on this machine is kept. It fits every Python 3, so no Python version is in it."""
    key = digest([BUILD, cmake_args(backend), machine_key()])[:12]
    return cache_folder() / "wheels" / version / f"{backend}-{key}"


def cached_wheel(version: str, backend: str) -> Path | None:
    """The wheel built earlier, if any."""
    return next(wheel_folder(version, backend).glob("*.whl"), None)


@contextlib.contextmanager
def folder_in_cache() -> Iterator[Path]:
    """A temporary folder from which a finished file can be moved to its place in the cache in one step."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="tmp-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _keep(made: Iterator[Path], folder: Path) -> Path:
    path = next(made)
    folder.mkdir(parents=True, exist_ok=True)
    return path.replace(folder / path.name)


def ensure_sdist(python: Path, version: str) -> Path:
    """llama-cpp-python's source, from which both the wheel and the reference tools are built."""
    folder = cache_folder() / "sdist"
    name = f"llama_cpp_python-{version}.tar.gz"
    if (folder / name).is_file():
        return folder / name
    say(f"Fetching the source of llama-cpp-python {version} (77 MB).")
    with folder_in_cache() as download:
        command = [*pip(python), "download", "--no-deps", "--no-cache-dir", "--no-binary", "llama-cpp-python"]
        command += ["--dest", str(download), f"llama-cpp-python=={version}"]
        run_logged("Fetching llama-cpp-python", command, log_file("sdist"), notable=r"^\s*(?:Downloading|Preparing).*")
        return _keep(download.glob(name), folder)


def ensure_wheel(python: Path, version: str, backend: str) -> Path:
    """The wheel of llama-cpp-python for `backend`, built on first use.

    pip's own cache is kept out of it: it does not know CMAKE_ARGS and would hand out another backend's build.
    """
    present = cached_wheel(version, backend)
    if present:
        return present
    sdist = ensure_sdist(python, version)
    args = cmake_args(backend)
    say(f"Building llama.cpp with {args} on {plural(PROCESSORS, 'processor')}.")
    say("This is done once; on 2 processors it takes about 7 minutes, with a GPU backend longer.")
    with folder_in_cache() as build:
        command = [*pip(python), "wheel", "--verbose", "--no-deps", "--no-cache-dir"]
        command += ["--wheel-dir", str(build), str(sdist)]
        run_logged(
            "Building llama-cpp-python",
            command,
            log_file(f"llama-cpp-python-{version}-{backend}"),
            notable=BUILD_STEP,
            extra_env={
                "CMAKE_ARGS": args,
                "CMAKE_BUILD_PARALLEL_LEVEL": str(PROCESSORS),
                "SKBUILD_CMAKE_VERBOSE": "false",  # a line a file, not each compiler's whole command line
            },
        )
        return _keep(build.glob("*.whl"), wheel_folder(version, backend))


BUILD_STEP = r"(\[\s*\d+(?:/\d+|%)\]).*?([^/\s]+)$|^\s*((?:Installing build|Getting requirements|Preparing metadata).*)"
"""What is worth showing of a build: `[3/210] llama.cpp.o` of ninja, `[ 4%] llama.cpp.o` of make, pip's own stages."""


# ---- Environments ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the project, all of its dependencies and its tools, less `without`."""

    folder: Path
    without: frozenset[str] = frozenset()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.tool("python")

    def tool(self, name: str) -> Path:
        """A command that was installed into it."""
        return self.folder / ("Scripts" if WINDOWS else "bin") / (name + EXE)

    @property
    def _stamp(self) -> Path:
        return self.folder / "thinkpane-setup.json"

    def read_stamp(self) -> dict[str, str]:
        """What set-up wrote into it: `gpu` and `backend` when it began, the rest when it was done."""
        try:
            stamp: dict[str, str] = json.loads(self._stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp

    def write_stamp(self, stamp: Mapping[str, str]) -> None:
        """Replace the stamp."""
        self._stamp.write_text(json.dumps(stamp), "utf-8")

    def is_fresh(self, facts: Mapping[str, Any]) -> bool:
        """Whether it was set up under the same `facts`, and its Python is still there."""
        return self.read_stamp().get("key") == digest(facts) and self.python.exists()


FULL = Environment(ROOT / ".venv")
CORE = Environment(ROOT / ".venv-core", frozenset({"pyside6-essentials", "qasync", "pytest-qt"}))
"""For the tests below `services`, which must pass where Qt is not even installed."""


def pip(python: Path) -> list[str]:
    """The start of a pip command line in that Python's environment."""
    return [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def project_tables() -> dict[str, Any]:
    """The parts of pyproject.toml that decide what is installed."""
    tables = tomllib.loads(PROJECT.read_text("utf-8"))
    return {name: tables[name] for name in ("build-system", "project")} | {"setuptools": tables["tool"]["setuptools"]}


def requirements(project: Mapping[str, Any], without: frozenset[str]) -> list[str]:
    """What to install for `project` and its `dev` extra, less the packages named in `without`."""
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [line for line in wanted if re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() not in without]


def setup_facts(environment: Environment, version: str, backend: str) -> dict[str, Any]:
    """All that an environment's content depends on; it is up to date as long as the hash of this is the same."""
    return {
        "build": BUILD,
        "folder": str(environment.folder),
        "python": python_key(),
        "project": project_tables(),
        "constraints": CONSTRAINTS.read_text("utf-8"),
        "without": sorted(environment.without),
        "wheel": wheel_folder(version, backend).name,
    }


def python_key() -> str:
    """Which Python this is, the same in a virtual environment as outside it."""
    return f"{sys.version} in {sys.base_prefix}"


def backend_wish(gpu: str | None, stamp: Mapping[str, str]) -> tuple[str, Choice]:
    """What was asked for, now or last time, and the backend that comes of it.

    Looking for toolkits again only when asked keeps one that was installed meanwhile from starting a long build.
    """
    if gpu is None and stamp.get("backend") in BACKENDS:
        return stamp["gpu"], Choice(stamp["backend"], "as before")
    wish = gpu or "auto"
    choice = choose_backend(wish, probe())
    say(f"GPU backend: {choice.backend} ({choice.reason}).")
    return wish, choice


def setup(gpu: str | None = None, *, display_server: bool = False) -> Environment:
    """Make or refresh `.venv`; returns at once if nothing changed."""
    version = llama_version(project_tables()["project"]["dependencies"])
    wish, choice = backend_wish(gpu, FULL.read_stamp())
    facts = setup_facts(FULL, version, choice.backend)
    fresh = FULL.is_fresh(facts)
    if not fresh or (display_server and not shutil.which("Xvfb")):
        to_build = not fresh and cached_wheel(version, choice.backend) is None
        ensure_packages(compiler=to_build, display_server=display_server)
    _refresh(FULL, facts, version, {"gpu": wish, "backend": choice.backend})
    return FULL


def setup_core() -> Environment:
    """Make or refresh `.venv-core` with the backend of `.venv`, which must be set up."""
    stamp = FULL.read_stamp()
    version = llama_version(project_tables()["project"]["dependencies"])
    facts = setup_facts(CORE, version, stamp["backend"])
    _refresh(CORE, facts, version, {name: stamp[name] for name in ("gpu", "backend")})
    return CORE


def _refresh(environment: Environment, facts: dict[str, Any], version: str, chosen: dict[str, str]) -> None:
    before = environment.read_stamp()
    done = chosen | {"key": digest(facts), "python": facts["python"], "wheel": facts["wheel"]}
    if not environment.is_fresh(facts):
        started = time.monotonic()
        if before.get("python") != facts["python"] or not environment.python.exists():
            _make_venv(environment)
            before = {"python": facts["python"]}
        environment.write_stamp(chosen | {name: before[name] for name in ("python", "wheel") if name in before})
        wheel = ensure_wheel(environment.python, version, chosen["backend"])
        environment.write_stamp(chosen)  # no Python named: if this is interrupted, the next set-up starts anew
        _install(environment, facts, wheel, new_wheel=before.get("wheel") != facts["wheel"])
        say(f"{environment.folder.name} is ready ({time.monotonic() - started:.0f} s).")
    if before != done:
        environment.write_stamp(done)


def _make_venv(environment: Environment) -> None:
    name = environment.folder.name
    say(f"Making {name} with Python {platform.python_version()}.")
    # Python's own name for the interpreter outside any environment: dev.py may be running in the one it replaces.
    base = getattr(sys, "_base_executable", sys.executable)
    command = [base, "-m", "venv", "--clear", str(environment.folder)]
    run_logged(f"Making {name}", command, log_file(f"venv{name}"), notable="$^")


def _install(environment: Environment, facts: dict[str, Any], wheel: Path, *, new_wheel: bool) -> None:
    name = environment.folder.name
    wanted = requirements(facts["project"]["project"], environment.without)
    say(f"Installing the project and the {plural(len(wanted), 'package')} it names into {name}.")
    install = [*pip(environment.python), "install"]
    steps = [[*install, "--constraint", str(CONSTRAINTS), *wanted], [*install, "--no-deps", "--editable", str(ROOT)]]
    if new_wheel:
        steps.insert(0, [*install, "--no-deps", "--force-reinstall", str(wheel)])
    for number, step in enumerate(steps):
        log = log_file(f"install{name}-{number}")
        run_logged(
            "Installing", step, log, notable=r"^(?:Collecting|Installing collected|\s*Downloading|Building).{0,80}"
        )


def ensure_starter(environment: Environment) -> Path | None:
    """The starter model, fetched on first use; None, with the reason printed, if that does not work."""
    command = [str(environment.python), "-P", "-m", "app.library.starter", "--models-dir", str(models_folder())]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return Path(result.stdout.strip()) if result.returncode == 0 else None


# ---- Reference tools -------------------------------------------------------------------------------------------------

REFERENCE_TOOLS = ("llama-completion", "llama-server", "llama-bench", "llama-batched-bench", "ggml-rpc-server")

REFERENCE_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DGGML_RPC=ON",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_OPENSSL=OFF",
    # llama-server's web page would be fetched from the network during the build.
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
)


def reference_folder() -> Path:
    """Where the reference tools for the pinned version and this machine are kept."""
    version = llama_version(project_tables()["project"]["dependencies"])
    key = digest([BUILD, REFERENCE_OPTIONS, machine_key()])[:12]
    return cache_folder() / "reference" / version / key / "bin"


def ensure_reference(environment: Environment) -> Path:
    """Build llama.cpp's own tools from the pinned source, on first use; their folder."""
    folder = reference_folder()
    if all((folder / (name + EXE)).is_file() for name in REFERENCE_TOOLS):
        return folder
    ensure_packages(compiler=True)
    version = llama_version(project_tables()["project"]["dependencies"])
    source = _unpack_llama_cpp(ensure_sdist(environment.python, version), folder.with_name("source"))
    build = folder.with_name("build")
    _cmake_build(source, build, _cmake(environment))
    _collect_tools(build, folder)
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(build, ignore_errors=True)
    return folder


def _unpack_llama_cpp(sdist: Path, folder: Path) -> Path:
    inner = f"{sdist.name.removesuffix('.tar.gz')}/vendor/llama.cpp"
    with tarfile.open(sdist) as archive:
        members = [member for member in archive if member.name.startswith(inner)]
        if hasattr(tarfile, "data_filter"):  # came with 3.11.4; Debian 12 has 3.11.2
            archive.extractall(folder, members, filter="data")
        else:
            archive.extractall(folder, members)
    return folder / inner


def _cmake(environment: Environment) -> dict[str, str]:
    """The environment variables under which cmake and something for it to drive are found, installed if need be."""
    if shutil.which("cmake") and (shutil.which("ninja") or shutil.which("make")):
        return {}
    tools = Environment(cache_folder() / "tools")
    if not tools.tool("ninja").exists():
        say("Installing cmake and ninja.")
        making = [str(environment.python), "-m", "venv", "--clear", str(tools.folder)]
        run_logged("Making a place for cmake", making, log_file("tools-venv"), notable="$^")
        install = [*pip(tools.python), "install", "--constraint", str(CONSTRAINTS), "cmake", "ninja"]
        run_logged("Installing cmake", install, log_file("tools"), notable=r"^\s*(?:Collecting|Downloading).*")
    return {"PATH": f"{tools.python.parent}{os.pathsep}{os.environ['PATH']}"}


def _cmake_build(source: Path, build: Path, extra_env: dict[str, str]) -> None:
    path = extra_env.get("PATH")
    cmake = shutil.which("cmake", path=path) or "cmake"
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=path) else []
    say(f"Building llama.cpp's own tools on {plural(PROCESSORS, 'processor')}; on 2 this takes about 10 minutes, once.")
    configure = [cmake, "-S", str(source), "-B", str(build), *generator, *REFERENCE_OPTIONS]
    run_logged(
        "Configuring llama.cpp", configure, log_file("reference-configure"), notable=r"^--.*", extra_env=extra_env
    )
    make = [cmake, "--build", str(build), "--config", "Release", "--parallel", str(PROCESSORS)]
    make += ["--target", *REFERENCE_TOOLS]
    run_logged("Building llama.cpp's tools", make, log_file("reference-build"), notable=BUILD_STEP, extra_env=extra_env)


def _collect_tools(build: Path, folder: Path) -> None:
    with folder_in_cache() as temporary:
        for name in REFERENCE_TOOLS:
            built = next(path for path in (build / "bin").rglob(name + EXE) if path.is_file())
            shutil.copy2(built, temporary / built.name)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
        temporary.mkdir()  # for the context manager to remove


# ---- Checks and tests ------------------------------------------------------------------------------------------------

CORE_TESTS = (
    *("core", "engine", "library", "store", "render", "cli"),
    *("test_architecture.py", "test_dev.py", "test_paths.py", "test_wheel_contents.py"),
)
"""The tests of everything that needs no Qt, in `tests/`."""


def succeeds(command: list[str], extra_env: Mapping[str, str] | None = None) -> bool:
    """Run a command in the project's folder, its output to the terminal."""
    say(f"$ {shlex.join(command)}")
    return subprocess.run(command, cwd=ROOT, env=os.environ | (extra_env or {}), check=False).returncode == 0


def check_source(environment: Environment) -> bool:
    """ruff, mypy and import-linter; all of them, also after one has failed."""
    ruff, mypy, imports = (str(environment.tool(name)) for name in ("ruff", "mypy", "lint-imports"))
    commands = [[ruff, "check", "."], [ruff, "format", "--check", "."], [mypy], [imports]]
    results = [succeeds(command) for command in commands]
    return all(results)


@contextlib.contextmanager
def display() -> Iterator[dict[str, str]]:
    """Where test windows appear: on a virtual X server of their own if there is one, else off screen."""
    if "QT_QPA_PLATFORM" in os.environ:
        yield {}
    elif not sys.platform.startswith("linux") or not shutil.which("Xvfb"):
        yield {"QT_QPA_PLATFORM": "offscreen"}
    else:
        with _virtual_x_server() as name:
            yield {"DISPLAY": name, "QT_QPA_PLATFORM": "xcb"}


@contextlib.contextmanager
def _virtual_x_server() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as pipe:
                number = pipe.readline().strip()
            if not number:
                raise DevError("Xvfb did not start. QT_QPA_PLATFORM=offscreen python3 dev.py test works without it.")
            yield f":{number}"
        finally:
            server.terminate()


def run_suite(environment: Environment, arguments: list[str]) -> bool:
    """pytest with every dependency there, and a display."""
    with display() as variables:
        say(f"Windows appear on {variables.get('DISPLAY', os.environ.get('QT_QPA_PLATFORM', 'no screen'))}.")
        return succeeds([str(environment.python), "-m", "pytest", *arguments], variables)


def run_core_suite() -> bool:
    """pytest below `services`, where neither Qt nor pytest-qt is installed."""
    environment = setup_core()
    tests = [f"tests/{name}" for name in CORE_TESTS if (ROOT / "tests" / name).exists()]
    return succeeds([str(environment.python), "-m", "pytest", *tests])


def run_steps(steps: Mapping[str, Callable[[], bool]]) -> bool:
    """Run every step, then say how each went."""
    results = {}
    for number, (name, step) in enumerate(steps.items(), 1):
        say(f"\n==> {number} of {len(steps)}: {name}")
        started = time.monotonic()
        passed = step()
        results[name] = passed, time.monotonic() - started
        say(f"==> {name}: {'passed' if passed else 'FAILED'} after {results[name][1]:.0f} s")
    say("\nSummary")
    for name, (passed, seconds) in results.items():
        say(f"  {'passed' if passed else 'FAILED'}  {seconds:4.0f} s  {name}")
    return all(passed for passed, _ in results.values())


# ---- Commands --------------------------------------------------------------------------------------------------------

DEMO_PROMPT = "In two sentences: why is the sky blue?"


def command_setup(gpu: str | None, _arguments: list[str]) -> int:
    """Make or refresh .venv and fetch the starter model."""
    started = time.monotonic()
    environment = setup(gpu)
    starter = ensure_starter(environment)
    backend = environment.read_stamp()["backend"]
    say(f"{environment.folder.name} is up to date, with GPU backend {backend} ({time.monotonic() - started:.1f} s).")
    return 0 if starter else 1


def command_run(gpu: str | None, arguments: list[str]) -> int:
    """Open the window, or without a display run it off screen; further arguments go to the app."""
    environment = setup(gpu)
    starter = ensure_starter(environment)
    if has_display():
        return run_app(environment, arguments)
    say("There is no display here, so the window runs off screen.")
    offscreen = {"QT_QPA_PLATFORM": "offscreen"}
    if arguments:
        return run_app(environment, arguments, offscreen)
    if starter is None:
        raise DevError("Without a display and without the starter model there is nothing to show.")
    return run_demo(environment, starter, offscreen)


def has_display(env: Mapping[str, str] = os.environ, system: str = sys.platform) -> bool:
    """Whether a window can appear, or the person has said where it should."""
    if system in {"win32", "darwin"}:
        return True
    return any(env.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def run_app(environment: Environment, arguments: list[str], extra_env: Mapping[str, str] | None = None) -> int:
    """The app, in the person's own folder (-P: whatever else is called `app` there)."""
    command = [str(environment.python), "-P", "-m", "app", *arguments]
    return subprocess.run(command, env=os.environ | (extra_env or {}), check=False).returncode


def run_demo(environment: Environment, starter: Path, extra_env: Mapping[str, str]) -> int:
    """One exchange in the real window, with data of its own: the answer, then where its picture is."""
    picture = ROOT / "build" / "thinkpane.png"
    picture.parent.mkdir(exist_ok=True)
    say(f"Asking the starter model: {DEMO_PROMPT}\n")
    with tempfile.TemporaryDirectory(prefix="thinkpane-demo-") as data:
        demo = ["--data-dir", data, "--model", str(starter), "--prompt", DEMO_PROMPT]
        status = run_app(environment, [*demo, "--screenshot", str(picture), "--quit"], extra_env)
    if status == 0:
        say(f"\nThe window, as a picture: {picture}")
    return status


def command_test(gpu: str | None, arguments: list[str]) -> int:
    """Check the source, run all tests, then those below services without Qt; arguments go to pytest alone."""
    environment = setup(gpu, display_server=True)
    ensure_starter(environment)
    if arguments:
        return 0 if run_suite(environment, arguments) else 1
    steps = {
        "lint: ruff, mypy, import-linter": lambda: check_source(environment),
        "all tests": lambda: run_suite(environment, []),
        "tests below services, without Qt installed": run_core_suite,
    }
    return 0 if run_steps(steps) else 1


def command_lint(gpu: str | None, _arguments: list[str]) -> int:
    """Check the source with ruff, mypy and import-linter."""
    return 0 if check_source(setup(gpu)) else 1


def command_bench(gpu: str | None, arguments: list[str]) -> int:
    """Measure; arguments go to the app's bench command."""
    return run_app(setup(gpu), ["bench", *arguments])


def command_reference(gpu: str | None, _arguments: list[str]) -> int:
    """Build llama.cpp's own tools, which the tests compare with, and print their folder."""
    say(str(ensure_reference(setup(gpu))))
    return 0


def command_package(gpu: str | None, arguments: list[str]) -> int:
    """Build what people install; arguments go to packaging/build.py."""
    script = ROOT / "packaging" / "build.py"
    if not script.is_file():
        raise DevError("There is no packaging/build.py yet.")
    return subprocess.run([str(setup(gpu).python), str(script), *arguments], cwd=ROOT, check=False).returncode


COMMANDS: dict[str, Callable[[str | None, list[str]], int]] = {
    "setup": command_setup,
    "run": command_run,
    "test": command_test,
    "lint": command_lint,
    "bench": command_bench,
    "reference": command_reference,
    "package": command_package,
}
TAKE_ARGUMENTS = ("run", "test", "bench", "package")


def parse(arguments: list[str]) -> tuple[str, str | None, list[str]]:
    """The command, the wish for a GPU backend if any, and what is passed on as it stands."""
    parser = argparse.ArgumentParser(prog="dev.py", description="One door for people who work on Thinkpane.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in COMMANDS.items():
        help_text = function.__doc__ or ""
        command = commands.add_parser(name, help=help_text, description=help_text, allow_abbrev=False)
        gpu_help = "GPU backend to build llama.cpp with; remembered (first time: auto, which looks for toolkits)"
        command.add_argument("--gpu", choices=("auto", *BACKENDS), help=gpu_help)
    known, passed_on = parser.parse_known_args(arguments)
    if passed_on and known.command not in TAKE_ARGUMENTS:
        parser.error(f"{known.command} takes no such arguments: {shlex.join(passed_on)}")
    return known.command, known.gpu, passed_on


def main(arguments: list[str]) -> int:
    """Run one command; its exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by the person."""
    command, gpu, passed_on = parse(arguments)
    try:
        return COMMANDS[command](gpu, passed_on)
    except DevError as stop:
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
