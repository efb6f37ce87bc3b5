"""Threads of a web process share a few heaps, so that it does not keep the largest document of each of them."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread"
)

# 12 threads at once, each with something from its heap in hand; then what glibc says of its heaps.
PROGRAM = """
import ctypes, sys, threading
{first}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def use():
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=use) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps(first: str, **environment: str) -> int:
    given = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    program = [sys.executable, "-c", PROGRAM.format(first=first)]
    said = subprocess.run(
        program, env=given | environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return said.count("<heap nr=")


def test_without_a_limit_each_thread_has_its_own() -> None:
    assert heaps("") > 4


def test_a_web_process_has_two() -> None:
    assert heaps("import webapp.asgi") <= 2


def test_what_the_environment_says_goes_before() -> None:
    assert heaps("from webapp import arenas; arenas.limit()", MALLOC_ARENA_MAX="4") == 4
