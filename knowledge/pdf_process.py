"""Reads a PDF in a process of its own: the file on standard input, its title and the text of its pages on the output.

A hostile file can exhaust memory or time, and PDFium is native code: what goes wrong ends this process alone. It runs
by its path in Python's isolated mode, so that nothing of ours is imported.
"""

import json
import sys
from contextlib import suppress

MOST_BYTES = 1_500_000_000  # of memory; a book of 1,000 pages takes a tenth of it


def main() -> None:
    """Print one JSON object: `title` and `pages`, or `error`, one of "locked", "broken" and "long"."""
    with suppress(ImportError, ValueError, OSError):  # not every system knows such a limit
        import resource  # noqa: PLC0415 - Unix only

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    import pypdfium2  # noqa: PLC0415 - after the limit

    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    except pypdfium2.PdfiumError as error:
        _say({"error": "locked" if "password" in str(error).lower() else "broken"})
        return
    if len(document) > int(sys.argv[1]):
        _say({"error": "long"})
        return
    title = document.get_metadata_dict().get("Title", "")
    pages = [str(page.get_textpage().get_text_bounded(errors="replace")) for page in document]  # pyright: ignore[reportUnknownMemberType] - untyped in part
    _say({"title": title, "pages": pages})


def _say(found: object) -> None:
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
