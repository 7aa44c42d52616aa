"""What the benchmarks beside other tools share: servers, measuring a command, a section of the page."""

import importlib.metadata
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = pathlib.Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ministack(folder):
    """A server of its own with nothing in it, and its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AWS_ENDPOINT_URL": url,
                   "TMPDIR": str(folder)}
    server = subprocess.Popen([BIN / "ministack"], env=environment, cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/_ministack/health")
            return server, url
        except OSError:
            time.sleep(0.05)
    sys.exit("MiniStack does not start")


def ministack_version():
    return importlib.metadata.version("ministack")


# Starts a command and tells what it took. Linux counts into a program's peak what the process that became it
# held, which would be this one with all its libraries.
LAUNCH = """
import os, sys, time
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - began
with os.fdopen(int(sys.argv[1]), "w") as told:
    told.write(f"{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}")
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measure(command, environment, counts, folder=None):
    """Wall seconds, CPU seconds and peak MB of a command, and what `counts` says of its output."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        read, told = os.pipe()
        process = subprocess.Popen([sys.executable, "-IS", "-c", LAUNCH, str(told), *map(str, command)], env=environment,
                                   cwd=folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL, pass_fds=[told])
        os.close(told)
        with os.fdopen(read) as figures:
            figures = figures.read().split()
        process.wait()
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = (out.read()[-2000:] + err.read()[-2000:]).decode(errors="replace")
            sys.exit(f"{command[:3]} ended with {process.returncode}: {said}")
        found = counts(out)
    return *map(float, figures), found


def medians(rows):
    """The median of each column."""
    return tuple(statistics.median(column) for column in zip(*rows))


def write(path, name, text):
    """Replaces a section of the page, or adds it at the end."""
    begin, end = f"<!-- kept: {name} -->", f"<!-- end: {name} -->"
    page = path.read_text()
    kept = f"{begin}\n{text}{end}\n"
    if begin in page:
        before, rest = page.split(begin, 1)
        page = before + kept + rest.split(end + "\n", 1)[1]
    else:
        page = page.rstrip("\n") + "\n\n" + kept
    path.write_text(page)
