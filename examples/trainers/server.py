"""The server that the trainers spawn."""

import json
import pathlib
import subprocess

MODULE = pathlib.Path(__file__).resolve().parents[2]


def command(directory, datasets):
    """Build the server, and return the command that serves data sets, which are described as in its file."""
    binary, config = directory / "serve", directory / "serve.json"
    if not binary.exists():
        subprocess.run(["go", "build", "-o", binary, "./examples/serve"], cwd=MODULE, check=True)
    config.write_text(json.dumps({"Datasets": datasets}))
    return [str(binary), "-config", str(config)]
