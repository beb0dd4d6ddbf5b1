"""What a file is, by its first bytes: a name proves nothing, and what is not a table is never opened."""

from __future__ import annotations

from core.errors import InvalidInput
from core.tables.limits import file_field

PARQUET = b"PAR1"
FORMATS = "a CSV, TSV or Parquet file"

# How files of other kinds begin. Each beginning holds a byte that no text has, or is longer than chance would write.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"BZh91AY&SY", "compressed (bzip2)"),
    (b"\xfd7zXZ\x00", "compressed (xz)"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)"),
    (b"7z\xbc\xaf\x27\x1c", "compressed (7z)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF-", "a PDF document"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"ARROW1\x00", "an Arrow file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<html", "a web page"),
)
# A pickle, which a joblib file is, begins with this byte and the number of its protocol.
_PICKLE, _PROTOCOLS = 0x80, range(2, 10)


def is_parquet(data: bytes, name: str) -> bool:
    """Tell whether `data` is Parquet, else text for all one can see; raises `InvalidInput` for other kinds."""
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            raise InvalidInput(file_field(name), kind, FORMATS)
    if len(data) > 1 and data[0] == _PICKLE and data[1] in _PROTOCOLS:
        raise InvalidInput(file_field(name), "not text (byte 0x80 at 0)", FORMATS)
    if not data.startswith(PARQUET) or b"\x00" not in data:
        return False  # a column of a text file may be called PAR1
    if not data.endswith(PARQUET):
        raise InvalidInput(file_field(name), "a Parquet file that is cut off", FORMATS)
    return True
