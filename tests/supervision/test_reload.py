"""Noticing changed source files."""

from __future__ import annotations

import os
from pathlib import Path

from longshore.supervision.reload import SourceWatcher
from support.waiting import eventually


def test_changed_new_and_removed_files_are_noticed_once(tmp_path: Path) -> None:
    file = tmp_path / "package" / "module.py"
    file.parent.mkdir()
    file.write_text("")
    watcher = SourceWatcher([tmp_path])
    os.utime(file, ns=(1, 1))
    eventually(watcher.changed, 5, "the change")
    watcher.check_at = 0
    assert not watcher.changed()
    (tmp_path / "new.py").write_text("")
    eventually(watcher.changed, 5, "the new file")
    file.unlink()
    eventually(watcher.changed, 5, "the removal")


def test_other_files_do_not_count(tmp_path: Path) -> None:
    watcher = SourceWatcher([tmp_path])
    (tmp_path / "notes.txt").write_text("")
    watcher.check_at = 0
    assert not watcher.changed()
