"""A page of which Gradio makes and holds little for each visit: most of what it does is of no use here."""

from copy import copy
from typing import TYPE_CHECKING, Any, Final, cast

import gradio as gr
from gradio.blocks import Block, BlocksConfig

if TYPE_CHECKING:
    from gradio.block_function import BlockFunction
    from gradio.state_holder import SessionState

_UNCHANGED: Final = {"__type__": "update"}  # as `gr.skip` says it


class LightBlocks(gr.Blocks):
    """Blocks whose visits hold no description of the page, and whose callbacks cost what they change.

    Gradio keeps the description to share a state by a link, a door that the guard keeps shut, and makes each component
    anew that an event may change, also where it does not. Together that was half of the time the server took to answer.
    """

    def __enter__(self) -> "LightBlocks":
        shared = _Shared(self)
        vars(shared).update(vars(self.default_config))
        self.default_config = shared
        super().__enter__()
        return self

    async def postprocess_data(
        self, block_fn: "BlockFunction", predictions: list[Any] | dict[Any, Any], state: "SessionState | None"
    ) -> list[Any]:
        """Return what the browser is sent of what a callback returned; what that leaves out stays as it is."""
        outputs = list(block_fn.outputs)
        changed = [output for output in outputs if output in predictions] if _names_components(predictions) else outputs
        is_part = 0 < len(changed) < len(outputs) and len(changed) == len(predictions)
        if not is_part:  # where it names what is no output, Gradio says so
            return await self._postprocessed(block_fn, predictions, state)
        part = copy(block_fn)
        part.outputs = changed
        told: Any = predictions if len(changed) > 1 else cast("dict[Any, Any]", predictions)[changed[0]]
        sent = dict(zip(changed, await self._postprocessed(part, told, state), strict=True))
        return [sent.get(one, None if one.stateful else _UNCHANGED) for one in outputs]

    async def _postprocessed(
        self,
        block_fn: "BlockFunction",
        predictions: Any,  # noqa: ANN401 - what callbacks return
        state: "SessionState | None",
    ) -> list[Any]:
        return await super().postprocess_data(block_fn, predictions, state)  # pyright: ignore[reportUnknownMemberType] - its types are left open


def _names_components(predictions: list[Any] | dict[Any, Any]) -> bool:
    return isinstance(predictions, dict) and all(isinstance(key, Block) for key in predictions)


class _Shared(BlocksConfig):
    """The parts of the page, of which each visit takes a copy."""

    def __copy__(self) -> BlocksConfig:
        copied = _Copied(self.root_block)
        vars(copied).update(vars(super().__copy__()))
        return copied


class _Copied(BlocksConfig):
    """The parts of the page as they are for one visit."""

    @staticmethod
    def config_for_block(*_: object, **__: object) -> dict[str, Any]:
        return {}
