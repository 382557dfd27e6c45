"""How headers of delimited files are read, and what becomes of lines that cannot be."""

from __future__ import annotations

from enum import Enum

__all__ = ["FileEncoding", "HistogramCompareMethod", "PromoteHeadersBehavior"]


class PromoteHeadersBehavior(Enum):
    NO_HEADERS = 0
    ONLY_FIRST_FILE_HAS_HEADERS = 1
    COMBINE_ALL_FILES_HEADERS = 2
    ALL_FILES_HAVE_SAME_HEADERS = 3


class FileEncoding(Enum):
    UTF8 = 0
    ISO88591 = 1
    LATIN1 = 2
    ASCII = 3
    UTF16 = 4
    UTF8BOM = 6
    WINDOWS1252 = 7


class HistogramCompareMethod(Enum):
    WASSERSTEIN = 0
    ENERGY = 1
