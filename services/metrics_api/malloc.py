"""Tunes how glibc keeps freed memory; does nothing with another C library."""

import ctypes

# malloc.h of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
_BYTES = 256 * 1024
_LIBRARY = ctypes.CDLL(None)


def keep_few_heaps() -> None:
    """Let threads share two heaps; call it before they start.

    By default each thread gets its own heap, which keeps the memory of a large request, so that eight threads end up
    with eight times the largest request. Blocks over 256 KiB are mapped separately and unmapped when freed.
    """
    if mallopt := getattr(_LIBRARY, "mallopt", None):
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _BYTES)
        mallopt(_M_TRIM_THRESHOLD, _BYTES)


def give_memory_back() -> None:
    """Return free memory of the heaps to the system, also from gaps; takes some milliseconds."""
    if malloc_trim := getattr(_LIBRARY, "malloc_trim", None):
        malloc_trim(0)
