"""More or fewer frames over the same time: what lies between two frames is moved along the optical flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]

FLOW_HEIGHT_PX = 360
"""Flow is looked for in pictures of at most this height: finer motion than that is noise of the model."""


def retimed(frames: Sequence[Frame], num_frames: int) -> Iterator[Frame]:
    """So many frames; the first and the last are those given.

    frames   (height, width, 3) uint8 sRGB each, at least one.
    """
    between = _Between(frames)
    last = len(frames) - 1
    for number in range(num_frames):
        at = number * last / max(1, num_frames - 1)
        left = min(int(at), last)
        share = at - left
        yield frames[left] if share < 1e-6 else between.at(left, share)


class _Between:
    """Frames between neighbours; the flow of the last pair is kept, as frames are asked for in order."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._left = -1
        height, width = frames[0].shape[:2]
        self._grid = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
        self._finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def at(self, left: int, share: float) -> Frame:
        """The moment `share` (0 … 1) of the way from frame `left` to the next."""
        one, two = self._frames[left], self._frames[left + 1]
        if left != self._left:
            self._there, self._back, self._left = self._flow(one, two), self._flow(two, one), left
        from_one = self._moved(one, -share * self._there)
        from_two = self._moved(two, -(1 - share) * self._back)
        return np.clip((1 - share) * from_one + share * from_two + 0.5, 0, 255).astype(np.uint8)

    def _flow(self, one: Frame, two: Frame) -> npt.NDArray[np.float32]:
        """(height, width, 2) float32: how far each pixel of `one` goes until `two`, in pixels."""
        height, width = one.shape[:2]
        scale = max(1.0, height / FLOW_HEIGHT_PX)
        small = (max(32, round(width / scale)), max(32, round(height / scale)))
        greys = [
            cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), small, interpolation=cv2.INTER_AREA) for f in (one, two)
        ]
        flow = self._finder.calc(greys[0], greys[1], np.empty(0, np.float32))
        full = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(full * (width / small[0], height / small[1]), np.float32)

    def _moved(self, frame: Frame, by: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        where = self._grid + by
        moved = cv2.remap(frame, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return moved.astype(np.float32)
