"""A file that its owner alone can read; it is put in place as a whole."""

from pathlib import Path
from tempfile import NamedTemporaryFile


def write(path: Path, text: str) -> None:
    """Write a private file, in place of what was there; a failure leaves that as it is.

    Raises OSError where it cannot be written.
    """
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:  # with the owner's rights
        try:
            file.write(text)
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
