"""Many trainings: every seed once, though the machines of some die."""

import os
import signal
from pathlib import Path

import pytest
from engines import Row, each


def test_one_after_the_other() -> None:
    assert list(each(lambda seed: {"seed": seed}, [3, 1, 2])) == [(seed, {"seed": seed}) for seed in (3, 1, 2)]


@pytest.mark.slow
def test_a_task_whose_process_is_killed_or_fails_is_tried_again(tmp_path: Path) -> None:
    folder = str(tmp_path)

    def work(seed: int) -> Row:
        before = sorted(Path(folder).glob(f"{seed}-*"))
        (Path(folder) / f"{seed}-{len(before)}").touch()
        if not before and seed == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if not before and seed == 3:
            raise OSError("a disk")
        return {"seed": seed, "tries": len(before) + 1}

    found = dict(each(work, [1, 2, 3, 4], "ray", cpus=1))
    assert sorted(found) == [1, 2, 3, 4]
    assert [found[seed]["tries"] for seed in (1, 2, 3, 4)] == [1, 2, 2, 1]
