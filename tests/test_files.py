import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from stance.errors import DataError
from stance.files import heed_umask, refuse_existing, write_whole, writing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_it_is_and_bytes_too(tmp_path):
    with writing(tmp_path / "a.txt") as file:
        file.write("Crème\r\n漢\n")
    assert (tmp_path / "a.txt").read_bytes() == "Crème\r\n漢\n".encode()
    write_whole(tmp_path / "a.txt", b"\xff")
    assert (tmp_path / "a.txt").read_bytes() == b"\xff"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_writing_that_fails_leaves_what_was_there_and_nothing_else(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt.part").write_text("mine")

    def fail():
        with writing(tmp_path / "a.txt") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "a.txt.part").read_text() == "mine"
    assert names(tmp_path) == ["a.txt", "a.txt.part"]


@pytest.mark.parametrize("path", ["folder", "absent/a.txt", "file/a.txt"])
def test_what_cannot_be_written_is_told_before_the_work_begins(tmp_path, path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"), writing(tmp_path / path):
        pytest.fail("the work began")
    assert names(tmp_path) == ["file", "folder"]


def test_a_link_stays_a_link_and_the_file_that_it_leads_to_is_written(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/a.txt").write_text("old")
    (tmp_path / "link").symlink_to("kept/a.txt")
    (tmp_path / "dangling").symlink_to("kept/b.txt")
    write_whole(tmp_path / "link", "new")
    write_whole(tmp_path / "dangling", "new too")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept/a.txt").read_text() == "new"
    assert (tmp_path / "kept/b.txt").read_text() == "new too"


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "news")
    reader.join(timeout=10)
    assert read == ["news"]
    assert pipe.is_fifo()


def test_a_device_is_written_into_and_a_full_one_is_told():
    write_whole(Path(os.devnull), "nothing")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(DataError, match="/dev/full: cannot be written"):
        write_whole(Path("/dev/full"), "news")


def test_a_new_file_heeds_the_umask_and_an_old_one_keeps_its_mode(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", "")
    finally:
        os.umask(before)
    (tmp_path / "private").touch(mode=0o600)
    write_whole(tmp_path / "private", "secret")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_a_file_that_a_library_keeps_to_its_owner_is_given_the_mode_of_a_new_one(tmp_path):
    before = os.umask(0o027)
    try:
        save_file({"weights": np.zeros(2)}, tmp_path / "a.safetensors")
        assert stat.S_IMODE((tmp_path / "a.safetensors").stat().st_mode) == 0o600  # else: no need
        heed_umask(tmp_path / "a.safetensors")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.safetensors").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.safetensors"]


def test_a_file_that_a_person_may_have_filled_in_is_not_written_over(tmp_path):
    refuse_existing(tmp_path / "sheet.csv")
    (tmp_path / "sheet.csv").write_text("same_claim: y", encoding="utf-8")
    with pytest.raises(DataError, match=r"sheet\.csv: is there already.* move it, or"):
        refuse_existing(tmp_path / "sheet.csv", tmp_path / "sheet.design.json")
    (tmp_path / "sheet.design.json").write_text("{}", encoding="utf-8")
    told = r"sheet\.csv and .*sheet\.design\.json: are there already.* move them, or"
    with pytest.raises(DataError, match=told):
        refuse_existing(tmp_path / "sheet.csv", tmp_path / "sheet.design.json")
