"""Builds the archive for Lambda from the binary: one executable file, `bootstrap`.

The same binary gives the same archive, byte for byte, so that an unchanged function is not deployed again.
"""

import sys
import zipfile


def main(binary, archive):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, for the mode below.
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with open(binary, "rb") as file, zipfile.ZipFile(archive, "w") as made:
        made.writestr(entry, file.read())


if __name__ == "__main__":
    main(*sys.argv[1:])
