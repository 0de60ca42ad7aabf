"""Settings: options before environment before defaults, and nothing is asked of a model by accident."""

import json
from pathlib import Path

import pytest

from agents.endpoint import Endpoint
from agents.weights import DEFAULT, SMALL, default_cache_dir
from knowledge.errors import SetupMissing, UserMistake
from knowledge.index import BUILT_IN
from knowledge.reader import Folder
from ui import settings

URL = "http://127.0.0.1:8000/v1"


def test_nothing_said_means_built_in_notes_and_the_embedded_model(tmp_path: Path) -> None:
    read = settings.read({"ATLAS_HOME": str(tmp_path)})
    assert read.folders == (Folder(BUILT_IN, own=False), Folder(tmp_path / "notes", own=True))
    assert (read.endpoint, read.weights, read.cache_dir) == (None, DEFAULT, default_cache_dir())
    assert (read.home, read.embedding_url) == (tmp_path, "")


def test_linked_folders_are_read_at_the_start_and_a_broken_list_is_told(tmp_path: Path) -> None:
    assert settings.read({}, home=tmp_path).linked == ()
    (tmp_path / "folders.json").write_text(json.dumps({"folders": [str(tmp_path / "vault")]}))
    assert settings.read({}, home=tmp_path).linked == (Folder(tmp_path / "vault", own=True),)
    (tmp_path / "folders.json").write_text("{")
    with pytest.raises(UserMistake, match="cannot be understood"):
        settings.read({}, home=tmp_path)


def test_option_goes_before_the_environment(tmp_path: Path) -> None:
    environment = {
        "ATLAS_HOME": str(tmp_path / "environment"), "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        "OPENAI_MODEL": "a", "OPENAI_API_KEY": "k1",
    }  # fmt: skip
    options = {"base_url": URL, "model": "b", "api_key": "k2"}
    assert settings.read(environment, home=tmp_path / "option", **options).endpoint == Endpoint(URL, "b", "k2")
    assert settings.read(environment, home=tmp_path / "option").endpoint == Endpoint("http://127.0.0.1:1/v1", "a", "k1")
    assert settings.read(environment, home=tmp_path / "option").home == tmp_path / "option"
    assert settings.read(environment).home == tmp_path / "environment"


def test_key_alone_sends_no_question_anywhere(tmp_path: Path) -> None:
    assert settings.read({"OPENAI_API_KEY": "k"}, home=tmp_path).endpoint is None


def test_id_of_an_embedded_model_chooses_it(tmp_path: Path) -> None:
    read = settings.read({"OPENAI_BASE_URL": URL}, home=tmp_path, model=SMALL.id)
    assert (read.endpoint, read.weights) == (None, SMALL)


def test_id_of_an_embedded_model_at_an_endpoint_is_the_endpoints(tmp_path: Path) -> None:
    read = settings.read({}, home=tmp_path, model=SMALL.id, base_url=URL)
    assert read.endpoint == Endpoint(URL, SMALL.id)


def test_no_model_means_none_whatever_the_environment_says(tmp_path: Path) -> None:
    read = settings.read({"OPENAI_BASE_URL": URL}, home=tmp_path, no_model=True)
    assert (read.endpoint, read.weights) == (None, None)


def test_cache_of_models_is_named_by_the_environment(tmp_path: Path) -> None:
    assert settings.read({"ATLAS_MODELS": "/models"}, home=tmp_path).cache_dir == Path("/models")


def test_own_notes_come_beside_the_built_in_ones_or_alone(tmp_path: Path) -> None:
    own, added = Folder(tmp_path, own=True), Folder(tmp_path / "notes", own=True)
    assert settings.read({}, home=tmp_path, notes=[tmp_path]).folders == (Folder(BUILT_IN, own=False), own, added)
    assert settings.read({}, home=tmp_path, notes=[tmp_path], only_notes=True).folders == (own, added)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only_notes": True}, "--only-notes leaves no notes"),
        ({"notes": [Path("nowhere")]}, "'nowhere' is not a folder"),
        ({"model": "gpt-unheard-of"}, "'gpt-unheard-of' has no server"),
        ({"base_url": "localhost:8000"}, "'localhost:8000' has no http://"),
    ],
    ids=["only notes", "no folder", "no server", "no scheme"],
)
def test_impossible_options_are_the_users_mistake(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        settings.read({}, home=tmp_path, **options)  # type: ignore[arg-type]


def test_home_is_made_where_it_is_missing_and_left_clean(tmp_path: Path) -> None:
    home = settings.read({}, home=tmp_path / "a" / "b").home
    assert home.is_dir()
    assert [path.name for path in home.iterdir()] == ["notes"]
    assert list((home / "notes").iterdir()) == []


def test_home_below_a_file_is_missing_set_up(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupMissing, match="cannot be written"):
        settings.read({}, home=tmp_path / "file" / "home")


def test_home_that_may_not_be_written_is_missing_set_up(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(SetupMissing, match=r"cannot be written: Permission denied.*--home"):
        settings.read({}, home=unprivileged)


def test_key_does_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    read = settings.read({"ATLAS_EMBEDDING_KEY": "secret-e"}, home=tmp_path, base_url=URL, api_key="secret-k")
    assert "secret" not in repr(read)
