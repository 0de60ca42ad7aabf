"""Full-text search ranks as FTS5 does itself."""

import random
import sqlite3

import pytest

from knowledge.fulltext import FullText
from knowledge.language import stems

WORDS = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}x" for i in range(120)]


@pytest.fixture
def database():
    with sqlite3.connect(":memory:") as opened:
        yield opened
    opened.close()


@pytest.fixture
def words(database: sqlite3.Connection) -> FullText:
    """A thousand texts of words in the frequencies of a language."""
    index = FullText(lambda sql, values: database.execute(sql, tuple(values)).fetchall(), "t")
    index.create()
    chance = random.Random(1)
    weights = [1 / (i + 1) for i in range(len(WORDS))]
    for number in range(1, 1001):
        index.put(number, stems(" ".join(chance.choices(WORDS, weights, k=chance.randint(3, 40)))))
    return index


def of_fts5(database: sqlite3.Connection, asked: list[str]) -> dict[int, float]:
    query = " OR ".join(f'"{stem}"' for stem in asked)
    return dict(database.execute("SELECT rowid, -bm25(t) FROM t WHERE t MATCH ?", (query,)))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_best_are_those_of_fts5_in_its_order(count: int, database: sqlite3.Connection, words: FullText) -> None:
    chance = random.Random(count)
    for _ in range(20):
        asked = [stems(word)[0] for word in chance.sample(WORDS, count)]
        expected = of_fts5(database, asked)
        found = words.shares(asked, 1, 50)
        assert all(share > 0 for share in found.values())
        top = next(iter(found))
        relative = [share / found[top] for share in found.values()]
        assert relative == pytest.approx([expected[number] / expected[top] for number in found])
        assert relative == pytest.approx(
            [score / expected[top] for score in sorted(expected.values(), reverse=True)[:50]]
        )


def test_what_was_replaced_or_removed_is_forgotten(words: FullText) -> None:
    words.put(7, ["uniqu", "word"])
    assert list(words.shares(["uniqu"], 2, 5)) == [7]
    words.put(7, ["other"])
    assert words.shares(["uniqu"], 3, 5) == {}
    words.put(2000, ["uniqu"])
    assert list(words.shares(["uniqu"], 4, 5)) == [2000]
    words.remove(2000)
    assert words.shares(["uniqu"], 5, 5) == {}


def test_texts_that_another_process_added_meanwhile_wait_for_the_next_look(words: FullText) -> None:
    assert words.shares(["uniqu"], 1, 5) == {}
    words.put(3000, ["uniqu", WORDS[0]])
    assert 3000 not in words.shares([WORDS[0], "uniqu"], 1, 2000)
    assert 3000 in words.shares([WORDS[0], "uniqu"], 2, 2000)
