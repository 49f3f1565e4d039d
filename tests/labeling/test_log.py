"""The annotation log under crashes, several writers and odd content."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest

from stance.errors import LabelError
from stance.labeling.designs import kind_of
from stance.labeling.log import AnnotationLog, read_annotations, standing
from tests.builders import judged

EVENT = judged("ada", "neutral")


def test_a_log_is_appended_to_and_read_back_in_order(tmp_path):
    path = tmp_path / "annotations.jsonl"
    AnnotationLog(path).append([EVENT])
    AnnotationLog(path).append([judged("bo", "skeptical")])
    assert read_annotations(path) == [EVENT, judged("bo", "skeptical")]


def test_notes_guesses_and_withdrawals_are_kept_and_add_nothing_to_other_lines(tmp_path):
    path = tmp_path / "annotations.jsonl"
    odd = [replace(EVENT, note="a\u2028b"), replace(EVENT, guess="neutral"), judged("ada", None)]
    AnnotationLog(path).append([EVENT, *odd])
    assert read_annotations(path) == [EVENT, *odd]
    assert set(json.loads(path.read_bytes().split(b"\n")[0])) == set(asdict(EVENT)) - {
        "note",
        "guess",
    }


def test_an_event_cut_short_is_passed_over_with_a_notice_and_dropped_by_the_next_writer(tmp_path):
    path = tmp_path / "annotations.jsonl"
    AnnotationLog(path).append([EVENT, judged("Zoë", "neutral")])
    whole = path.read_bytes()
    for cut in (len(whole) - 5, whole.index("ë".encode()) + 1):
        path.write_bytes(whole[:cut])
        told = []
        assert read_annotations(path, on_notice=told.append) == [EVENT]
        assert told == [f"{path}:2: the last line was never finished; it is passed over"]
        with pytest.raises(LabelError, match=r"annotations\.jsonl:2: not a JSON object"):
            read_annotations(path)
        told = []
        AnnotationLog(path, on_notice=told.append).append([EVENT])
        assert read_annotations(path) == [EVENT, EVENT]
        n_torn = cut - whole.index(b"{", 1)
        assert told == [f"{path}: dropped {n_torn} bytes of a last line that was never finished"]


def test_a_last_line_that_only_lacks_its_newline_counts(tmp_path):
    path = tmp_path / "annotations.jsonl"
    AnnotationLog(path).append([EVENT])
    path.write_bytes(path.read_bytes()[:-1])
    assert read_annotations(path) == [EVENT]
    AnnotationLog(path).append([EVENT])
    assert read_annotations(path) == [EVENT, EVENT]


def test_a_design_that_nobody_knows_is_told_with_its_line(tmp_path):
    path = tmp_path / "annotations.jsonl"
    AnnotationLog(path).append([EVENT, replace(EVENT, design="adjudicaton")])
    with pytest.raises(LabelError, match=r":2: no design is called 'adjudicaton'; use one of: cen"):
        read_annotations(path)


@pytest.mark.parametrize("line", ["{", "[1]", '{"unit_id": "a:0-1"}', '{"unit_id": 3}'])
def test_a_broken_line_is_told_with_file_and_line(tmp_path, line):
    path = tmp_path / "log.jsonl"
    AnnotationLog(path).append([EVENT])
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(LabelError, match=r"log\.jsonl:2: "):
        read_annotations(path)


def test_a_log_goes_on_reading_what_others_add_and_begins_anew_in_another_file(tmp_path):
    path = tmp_path / "annotations.jsonl"
    log = AnnotationLog(path)
    assert log.events() == []
    AnnotationLog(path).append([EVENT])
    assert log.events() == [EVENT]
    AnnotationLog(path).append([judged("bo", "skeptical")])
    assert log.events() == [EVENT, judged("bo", "skeptical")]
    path.write_bytes(b"")
    assert log.events() == []


def test_two_writers_at_once_lose_nothing_and_tear_nothing(tmp_path):
    path = tmp_path / "annotations.jsonl"

    def write(name):
        log = AnnotationLog(path)
        for i in range(50):
            log.append([judged(name, "neutral", unit=f"port/a1:{i}-{i + 1}")] * 3)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("ada", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = read_annotations(path)
    assert len(events) == 300
    assert [e.unit_id for e in events if e.annotator == "bo"] == [
        f"port/a1:{i // 3}-{i // 3 + 1}" for i in range(150)
    ]


WRITER = """
import sys
from pathlib import Path
from stance.labeling.log import AnnotationLog
from tests.builders import judged
log = AnnotationLog(Path(sys.argv[1]))
for i in range(10**6):
    log.append([judged("ada", "neutral", unit=f"port/a1:{i}-{i + 1}")])
    print(i, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX signal")
def test_a_writer_killed_at_any_moment_has_kept_all_that_it_confirmed(tmp_path):
    path = tmp_path / "annotations.jsonl"
    n_before = 0
    for delay in (0.05, 0.1, 0.2):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout.readline().strip() == "0"
            time.sleep(delay)
            os.kill(writer.pid, signal.SIGKILL)
            confirmed = 1 + len(writer.stdout.read().splitlines())
        n = len(read_annotations(path, on_notice=print))
        # One more may have reached the file before its writer could say so.
        assert confirmed <= n - n_before <= confirmed + 1
        n_before = n


def test_what_stands_is_the_latest_of_each_annotator_and_adjudications_stand_beside():
    events = [
        judged("ada", "neutral"),
        judged("bo", "skeptical"),
        judged("ada", "skeptical"),
        judged("ada", "optimistic", design="adjudication"),
        judged("bo", None),
    ]
    assert list(standing(events).values()) == [events[2], events[3]]


def test_a_design_may_name_its_draw():
    assert kind_of("random/3f9c2ab1") == "random"
    with pytest.raises(LabelError, match="no design is called 'randum'"):
        kind_of("randum/3f9c2ab1")
