"""A model as its makers pack it with Cog: run by Cog's own server, knows nothing of us."""

import os
import time

from cog import BasePredictor, Input, Path  # type: ignore[import-not-found]  # in an environment of its own

DIARY = os.environ["DIARY"]
"""A file with a line for each run that begins and each that ends."""


class Predictor(BasePredictor):  # type: ignore[misc]  # as above
    """Gives the picture back, after so many steps; the first time that it is asked for `twice`, after ages."""

    def predict(
        self,
        prompt: str = Input(description="What to draw."),
        image: Path = Input(description="A picture.", default=None),  # noqa: B008 - as Cog wants it
        steps: int = Input(default=1, ge=1, le=10_000),
        seed: int = Input(default=0),
    ) -> Path:
        """Print as tqdm does."""
        if prompt == "twice" and "begin twice" not in kept():
            steps = 9000
        note(f"begin {prompt} {seed}")
        try:
            for step in range(1, steps + 1):
                print(f"{step * 100 // steps}%|###| {step}/{steps}", flush=True)
                time.sleep(0.1)
            if prompt == "break":
                raise ValueError("a tube burst")
            made = Path("made.png")
            made.write_bytes(image.read_bytes())
            return made
        finally:
            note(f"end {prompt}")


def kept() -> str:
    """The diary."""
    return Path(DIARY).read_text("utf-8") if Path(DIARY).exists() else ""


def note(line: str) -> None:
    """Into the diary."""
    with open(DIARY, "a", encoding="utf-8") as file:
        file.write(line + "\n")
