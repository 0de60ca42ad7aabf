"""`atlas mcp`, off the network: `mcp_process.py ARGUMENTS_OF_MCP ...`.

What tried to leave this machine is printed as the last line of standard error: a JSON list.
"""

import json
import sys

import offline

offline.install()

from ui import cli  # noqa: E402 - nothing may be imported before the network is blocked


def main() -> None:
    try:
        cli.main(["mcp", *sys.argv[1:]])
    except SystemExit as end:
        assert end.code == 0, end.code
    finally:
        sys.stderr.write(f"\n{json.dumps(offline.attempts)}\n")


if __name__ == "__main__":
    main()
