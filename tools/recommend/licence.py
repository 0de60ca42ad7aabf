"""Licences as a demand sees them: open source or not, permissive or copyleft, free to sell with."""

import re
from dataclasses import dataclass
from typing import Final

_SPDX: Final = re.compile(r"Apache-2\.0|MIT|BSD-[23]-Clause|A?GPL-[23]\.0|LGPL-[23]\.\d|MPL-2\.0|Elastic-2\.0")
_PERMISSIVE: Final = frozenset({"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"})
_OPEN: Final = _PERMISSIVE | {"AGPL-3.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0", "MPL-2.0"}
_RESTRICTION: Final = re.compile(r"proprietary|hosted service|additional conditions|source-available", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Licence:
    """What a note says of a licence, as far as it is known by name.

    `is_restricted`: beside the named licence stand conditions of its own, or the service behind it is closed.
    """

    names: tuple[str, ...]
    is_restricted: bool

    @property
    def is_open_source(self) -> bool:
        """Whether all of it is under a licence that the Open Source Initiative has approved."""
        return bool(self.names) and set(self.names) <= _OPEN and not self.is_restricted

    @property
    def is_permissive(self) -> bool:
        """Whether it may be built into closed products: Apache, MIT, BSD."""
        return self.is_open_source and set(self.names) <= _PERMISSIVE

    @property
    def is_copyleft(self) -> bool:
        """Whether changes must be published under the same licence (GPL and AGPL)."""
        return any(name.startswith(("GPL", "AGPL")) for name in self.names)

    @property
    def allows_commercial_use(self) -> bool | None:
        """Whether a company may use it; None where conditions of its own have to be read first."""
        return None if self.is_restricted or not self.names else True

    def meets(self, demand: str) -> bool:
        """Tell whether it meets a demand of constraints.CHOICES."""
        match demand:
            case "open source":
                return self.is_open_source
            case "no copyleft":
                return not self.is_copyleft
            case "Apache-2.0 or MIT":
                return self.is_permissive
            case "commercial use":
                return self.allows_commercial_use is True
            case _:
                return self.is_open_source and demand in self.names


def licence(text: str) -> Licence:
    """Read the licence of a tool's note: an SPDX name, or a few words that hold one."""
    names = tuple(dict.fromkeys(_SPDX.findall(text)))
    return Licence(names, bool(_RESTRICTION.search(text)))
