"""The trainers of examples/trainers, cut short."""

import pathlib
import re
import subprocess
import sys

import pytest

TRAINERS = pathlib.Path(__file__).parents[3] / "trainers"


@pytest.mark.parametrize(
    "script, needs, arguments, least",
    [
        ("images.py", "torchvision", ["--images", "640", "--epochs", "2"], 30),
        ("rows.py", "jax", ["--rows", "20480", "--epochs", "2"], 80),
    ],
)
def test_trainer(script, needs, arguments, least):
    """It learns something: of four classes, chance knows 25 %."""
    pytest.importorskip(needs, reason=f"{needs} is not installed: {script} is not tested")
    out = subprocess.check_output([sys.executable, TRAINERS / script, *arguments], text=True)
    accuracies = [float(a) for a in re.findall(r"([\d.]+)%", out)]
    assert accuracies and min(accuracies) > least, out
