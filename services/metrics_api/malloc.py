"""How the C library keeps memory that was freed; where it is not glibc, nothing is done."""

import ctypes

# malloc.h of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
_BYTES = 256 * 1024
_LIBRARY = ctypes.CDLL(None)


def keep_few_heaps() -> None:
    """Let threads share two heaps; call it before they start.

    By default each thread gets a heap of its own and a large request's memory stays in it, so that eight threads end
    up with eight times the largest request. What is larger than 256 KiB is mapped by itself and unmapped when freed.
    """
    if mallopt := getattr(_LIBRARY, "mallopt", None):
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _BYTES)
        mallopt(_M_TRIM_THRESHOLD, _BYTES)


def give_memory_back() -> None:
    """Return to the system what is free in the heaps, between what is in use too; takes some milliseconds."""
    if malloc_trim := getattr(_LIBRARY, "malloc_trim", None):
        malloc_trim(0)
