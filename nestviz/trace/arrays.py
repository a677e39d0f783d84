"""The types of a trace's columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "Ids", "Ints", "Small"]

Ints = NDArray[np.int64]
Ids = NDArray[np.void]
Small = NDArray[np.int32]
Codes = NDArray[np.uint8]
