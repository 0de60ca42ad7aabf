"""Keepers: who may change what all readers of one app share, the added notes and the pitfalls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.errors import UserMistake
from ui.auth import Accounts


@dataclass(frozen=True, slots=True)
class Keepers:
    """Those who may; everyone where `names` is None, since nothing tells readers apart there."""

    names: frozenset[str] | None = None

    def admit(self, learner: str | None) -> bool:
        """Tell whether a learner may change what is shared."""
        return self.names is None or learner in self.names

    def check(self, learner: str | None) -> None:
        """Raise UserMistake, which says whom to ask, unless the learner may change what is shared."""
        if not self.admit(learner):
            raise self.refusal

    @property
    def refusal(self) -> UserMistake:
        """Why others may not, and whom they can ask."""
        names = ", ".join(sorted(self.names or ()))
        remedy = f"Ask {names}." if names else "Ask whoever runs this app."
        return UserMistake("everyone sees what is kept here: only its keepers add and remove.", remedy)


EVERYONE: Final = Keepers()


def keepers(accounts: Accounts | None, named: Sequence[str]) -> Keepers:
    """Return those who are `named`, the only account where none is, and everyone where there are no accounts.

    Raises UserMistake for a name that has no account.
    """
    if accounts is None:
        if named:
            raise UserMistake(
                "--keeper names one of several accounts, and there are none.", "Set passwords with --auth."
            )
        return EVERYONE
    for name in named:
        if name not in accounts.hashes:
            raise UserMistake(f"the keeper {name!r} has no account.", "Name one whom --auth lets in.")
    if not named and len(accounts.hashes) == 1:
        return Keepers(frozenset(accounts.hashes))
    return Keepers(frozenset(named))
