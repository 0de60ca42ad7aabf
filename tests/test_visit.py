"""What a visit to the page costs the server: nothing for what stays as it is."""

# Gradio leaves many of its types open, and names components by private numbers.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownLambdaType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from ui.visit import LightBlocks

UNCHANGED = {"__type__": "update"}
UNCHANGED_HTML = {"__type__": "update", "props": UNCHANGED}  # changes as little
Returned = Callable[["Desk"], Any]


class Desk:
    """A page with a box, a line and a memory, which one event may change."""

    def __init__(self, kind: type[gr.Blocks] = LightBlocks) -> None:
        asyncio.run(self._lay_out(kind))  # Gradio makes an event loop, and never closes it, where none is running

    async def _lay_out(self, kind: type[gr.Blocks]) -> None:
        with kind() as self.blocks:
            self.box, self.line, self.memory = gr.Textbox("first"), gr.HTML("second"), gr.State("third")
            self.box.submit(self.answer, None, [self.box, self.line, self.memory])
        self.state = SessionState(self.blocks)

    def answer(self) -> None:
        """Stands for a callback; what it returned is told to `sent`."""

    def sent(self, returned: Any) -> list[Any]:
        (event,) = self.blocks.fns.values()
        return asyncio.run(self.blocks.postprocess_data(event, returned, self.state))


def plain(sent: Any) -> Any:
    return UNCHANGED if sent == UNCHANGED_HTML else sent


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(lambda desk: {desk.line: "new"}, id="a value"),
        pytest.param(lambda desk: {desk.line: gr.HTML("new", visible=False)}, id="a component"),
        pytest.param(lambda desk: {desk.box: "a", desk.line: "b"}, id="two of three"),
        pytest.param(lambda desk: {desk.memory: {"kept": 1}}, id="a memory that is a mapping"),
        pytest.param(lambda desk: {desk.box: "a", desk.line: "b", desk.memory: "c"}, id="all"),
        pytest.param(lambda _: ["a", "b", "c"], id="a list"),
        pytest.param(lambda _: gr.skip(), id="nothing"),
    ],
)
def test_the_browser_is_sent_what_gradio_would_send(returned: Returned) -> None:
    light, whole = Desk(), Desk(gr.Blocks)
    told, expected = light.sent(returned(light)), whole.sent(returned(whole))
    assert [plain(one) for one in told] == [plain(one) for one in expected]
    assert light.state[light.memory._id] == whole.state[whole.memory._id]


def test_what_a_callback_leaves_out_is_not_made_anew() -> None:
    desk = Desk()
    before = desk.state[desk.box._id]
    assert desk.sent({desk.line: "new"}) == [UNCHANGED, "new", None]
    assert desk.state[desk.box._id] is before


def test_what_a_callback_changes_is_remembered_for_the_visit() -> None:
    desk = Desk()
    desk.sent({desk.box: gr.Textbox(lines=3)})
    assert desk.state[desk.box._id].lines == 3
    assert SessionState(desk.blocks)[desk.box._id].lines == 1


def test_a_component_that_is_no_output_is_refused() -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="not specified as output"):
        desk.sent({desk.line: "new", gr.HTML(render=False): "elsewhere"})


def test_a_visit_holds_no_description_of_the_page() -> None:
    desk = Desk()
    desk.sent({desk.line: gr.HTML("new")})
    assert list(desk.state.components) == []
    assert len(desk.blocks.get_config_file()["components"]) >= 3
