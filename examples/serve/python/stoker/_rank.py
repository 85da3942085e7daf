"""Which of how many trainers this process is."""

from __future__ import annotations

import os
import sys
from typing import Optional, Tuple


def rank_and_world(rank: Optional[int], world: Optional[int]) -> Tuple[int, int]:
    """Return rank and world, found out if they are not given."""
    if rank is None and world is None:
        dist = sys.modules.get("torch.distributed")
        if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
            rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        elif dist is not None and dist.is_available() and dist.is_initialized():
            rank, world = dist.get_rank(), dist.get_world_size()
        else:
            rank, world = 0, 1
    if rank is None or world is None or not 0 <= rank < world:
        raise ValueError(f"there is no rank {rank} of {world}")
    return rank, world
