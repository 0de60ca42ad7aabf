"""Items in bulk for export."""

import random
from collections import Counter
from itertools import islice

from quiz_material import material

from tools.export.supply import bulk, each
from tools.quiz.wish import MOST, Wish


def test_more_items_than_a_quiz_holds_and_no_two_on_one_fact() -> None:
    concepts = sorted(material().graph.notes)[:30]
    made = bulk(material(), concepts, Wish(seed=1), MOST + 10)
    assert len(made) == MOST + 10
    assert len({item.fact for item in made}) == len({item.id for item in made}) == len(made)
    assert max(Counter(item.concept for item in made).values()) <= 4
    assert [item.level for item in made] == sorted(item.level for item in made)
    assert bulk(material(), concepts, Wish(seed=1), MOST + 10) == made


def test_one_concept_gives_more_than_one_item_of_each_kind() -> None:
    made = bulk(material(), ["vllm"], Wish(seed=1), MOST + 5)
    assert len({item.fact for item in made}) == len(made) > MOST
    assert not bulk(material(), [], Wish(seed=1), 10)


def test_items_come_one_concept_after_the_other_and_only_as_asked_for() -> None:
    drawn = list(islice(each(material(), ["vllm", "lora", "kv-cache"], "zh", random.Random(1)), 10))
    concepts = [item.concept for item in drawn]
    assert len(concepts) == 10
    assert concepts == sorted(concepts, key=concepts.index)
    assert {item.language for item in drawn} == {"zh"}
