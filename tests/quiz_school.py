"""An examiner for the pages' tests: it asks items of every type, written by hand; the rest it does as the real one.

examiner = hand_made(atlas, [SINGLE, NUMERIC])
"""

import threading
import uuid
from collections.abc import Generator, Sequence
from typing import Any

from agents.atlas import Atlas
from agents.quizzing import Examiner, Outcome
from agents.stop import Stop, Stoppable
from knowledge.citation import Citation
from knowledge.errors import UserMistake
from tools.quiz.item import Exhibit, Item, Misconception, Point, Quantity
from tools.quiz.quiz import Quiz
from tools.quiz.wish import Wish

QUOTE = "PagedAttention stores the KV cache in fixed blocks of 16 tokens."
SECRET = "The secret of the cache is its block table."  # of an explanation: nobody may see it before the answer
HOSTILE = "<img src=https://outside.example/x.png onerror=window.hacked=1><script>window.hacked=2</script>"
SOURCE = "https://docs.vllm.ai/en/latest/"


def item(name: str, **fields: Any) -> Item:
    """Makes an item about PagedAttention; `fields` say what it is."""
    cited = Citation(1, "paged-attention", "PagedAttention", "How it works", QUOTE, 0, len(QUOTE), SOURCE, "p.md")
    usual: dict[str, Any] = {
        "fact": f"fact:{name}", "concept": "paged-attention", "level": 1, "language": "en", "origin": "graph",
        "explanation": SECRET, "citations": (cited,),
    }  # fmt: skip
    return Item(id=name, **(usual | fields))


SINGLE = item(
    "single", type="single_choice", stem="Where does **PagedAttention** keep the KV cache?",
    options=("In one contiguous slab", "In fixed blocks", "On the disk", "In the `L2` cache"), key=(1,),
    misconceptions=(
        Misconception("In one contiguous slab", "That is what servers did before: most of the slab stayed empty."),
    ),
    hints=("Think of how an operating system pages memory.", "Each holds 16 tokens."),
)  # fmt: skip
MULTIPLE = item(
    "multiple", type="multiple_choice", stem="Which of these does a block table map?", level=2,
    options=("Positions of a sequence", "Attention heads", "Physical blocks", "Learning rates"), key=(0, 2),
)  # fmt: skip
TRUTH = item(
    "truth", type="true_false", stem="PagedAttention wastes more than half of the cache memory.",
    options=("True", "False"), key=(1,), points=(Point("it wastes less than 4 percent", (("4", "four"),)),),
)  # fmt: skip
CLOZE = item("cloze", type="cloze", stem="Each block holds ____ tokens.", accepted=("16", "sixteen"))
NUMERIC = item(
    "numeric", type="numeric", level=2, origin="calculator", concept="vllm",
    stem="A sequence of 1,000 tokens takes $2 \\times 131072$ bytes per token. How large is its cache?",
    quantity=Quantity(0.244, "GiB", 0.05),
)  # fmt: skip
SHORT = item(
    "short", type="short_answer", level=3, stem="Why do fixed blocks waste so little memory?",
    accepted=("Only the last block of a sequence can be partly empty.",),
    points=(Point("only the last block is partly empty", (("last block", "final block"),)),),
)  # fmt: skip
MATCHING = item(
    "matching", type="matching", level=2, stem="Which engine is known for what?", concept="vllm",
    prompts=("vLLM", "SGLang", "LoRA"), key=(1, 0, 2),
    options=("Shares prefixes in a radix tree", "Pages the KV cache", "Trains two small matrices"),
)  # fmt: skip
ORDERING = item(
    "ordering", type="ordering", level=3, stem="In which order does a request pass through the server?",
    options=("Decode, one token a step", "Prefill of the prompt", "Waiting in the queue"), key=(2, 1, 0),
)  # fmt: skip
READING = item(
    "reading", type="reading", level=3, stem="What does this log tell?", concept="vllm",
    exhibit=Exhibit("log", "WARNING 11-22 [scheduler.py:1042] Sequence group 7 is preempted by <RECOMPUTE> mode\n" * 3),
    options=("The cache is too small for the running requests", "The weights are corrupt", "The port is taken"), key=(0,),
)  # fmt: skip
PLOT = item(
    "plot", type="reading", level=3, stem="Which batch is the first that computing limits?", origin="calculator",
    exhibit=Exhibit("plot", "a roofline", {
        "data": [{"type": "scatter", "mode": "lines+markers", "x": [1, 8, 64, 256, 512], "y": [1, 8, 64, 150, 150]}],
        "layout": {"xaxis": {"title": {"text": "batch"}}, "yaxis": {"title": {"text": "TFLOP/s"}}},
    }),
    options=("8", "64", "256", "512"), key=(2,),
)  # fmt: skip
CRUEL = item(
    "cruel", type="single_choice", stem=f"Which **zebra** {HOSTILE} [run](javascript:window.hacked=3) is striped?",
    options=(f"One with {HOSTILE}", "One without"), key=(1,), hints=(HOSTILE,), explanation=HOSTILE,
    misconceptions=(Misconception(f"One with {HOSTILE}", HOSTILE),),
)  # fmt: skip
ALL = (SINGLE, MULTIPLE, TRUTH, CLOZE, NUMERIC, SHORT, MATCHING, ORDERING, READING, PLOT)


class HandMade(Examiner):
    """Asks `items`, in their order, whatever is wished for; `to_write` come as if a model wrote them, once they may."""

    def __init__(self, atlas: Atlas, items: Sequence[Item] = ALL) -> None:
        before = atlas.examiner
        super().__init__(atlas.index, lambda: atlas.graph, atlas.ladder, lambda: before.store)
        self.items: Sequence[Item] = items
        self.to_write: Sequence[Item] = ()
        self.may_write = threading.Event()
        self.wishes: list[Wish] = []
        self.asked = 0  # how often an answer was to be graded

    def quiz(self, wish: Wish, learner: str) -> Quiz:
        self.wishes.append(wish)
        if wish.topic == "bananas":
            raise UserMistake("the notes have nothing on 'bananas'.", "The nearest are: vLLM, LoRA.")
        if wish.source != "topic":
            return super().quiz(wish, learner)
        chosen = [made for made in self.items if wish.allows(made.type, made.level)][: wish.n]
        return Quiz(uuid.uuid4().hex, wish.topic, tuple({made.concept for made in chosen}), tuple(chosen))

    def written(self, quiz: Quiz, wish: Wish, learner: str) -> Stoppable[Item]:
        def write(stop: Stop) -> Generator[Item]:
            for made in self.to_write:
                self.may_write.wait(20)
                yield made

        return Stoppable(write)

    def answer(self, item: Item, words: str, learner: str, **more: Any) -> Outcome:
        self.asked += 1
        return super().answer(item, words, learner, **more)


def hand_made(atlas: Atlas, items: Sequence[Item] = ALL) -> HandMade:
    """Puts an examiner with these items into a team."""
    examiner = HandMade(atlas, items)
    atlas.examiner = examiner
    return examiner
