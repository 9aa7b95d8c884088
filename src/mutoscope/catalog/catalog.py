"""All models of this server, read from folders of manifests: ours first, then the operator's.

A manifest of a later folder takes the place of an earlier one with the same id. Loading finds every problem
of every file before it refuses, so that a person repairs them in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import as_file, files
from pathlib import Path

from mutoscope.catalog.manifest import MAX_ID_CHARACTERS, read_manifest
from mutoscope.catalog.model import Model
from mutoscope.errors import ConfigError, NotFound

_SUFFIXES = (".yaml", ".yml")
OPEN = "open"
"""In place of a vendor: the models with open weights."""


class CatalogError(ConfigError):
    """Some manifests cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Catalog:
    """The models that can be picked.

    overrides   one sentence per manifest that took another one's place, for the start-up log.
    """

    def __init__(self, models: Iterable[Model], *, overrides: Sequence[str] = ()) -> None:
        self.models = tuple(sorted(models, key=lambda model: model.id))
        self.categories = tuple(sorted({name for model in self.models for name in model.categories}))
        self.overrides = tuple(overrides)
        self._by_id = {model.id: model for model in self.models}
        self._by_slug = {model.slug: model for model in self.models}
        self._own = self._by_id
        self._deployed: dict[str, Model] = {}
        self.ended: dict[str, Model] = {}
        self.deployed_as_of: object = None
        self._changed: dict[str, Model] = {}

    @classmethod
    def load(
        cls,
        folders: Sequence[Path] = (),
        *,
        builtin: bool = True,
        vendors: Sequence[str] = (),
        is_here: Callable[[Model], bool] | None = None,
    ) -> Catalog:
        """Read the manifests that come with the program, then those of these folders, in order.

        vendors   whose models, which come with the program too, are wanted.
        is_here   of the open models, which come with the program too, whether one has its weights on this machine.
        Raises CatalogError with all problems of all files.
        """
        loading = _Loading()
        if builtin:
            with as_file(files("mutoscope")) as own:
                for part in ("manifests", *(f"vendors/{vendor}" for vendor in vendors)):
                    loading.add_folder(own / part)
                if is_here is not None and OPEN not in vendors:
                    loading.add_folder(own / "vendors" / OPEN, only=is_here)
        for folder in folders:
            loading.add_folder(folder)
        return loading.finish()

    def change(self, changed: Mapping[str, Model]) -> None:
        """From now on these models count in place of those of their manifests, and for all others the manifests."""
        if dict(changed) != self._changed:
            self._changed = dict(changed)
            self.deployed_as_of = None  # deployments may be of one of these
        self._by_id = {model_id: changed.get(model_id, model) for model_id, model in self._own.items()}
        self._by_slug = {model.slug: model for model in self._by_id.values()}
        self.models = tuple(self._by_id.values())

    def deploy(self, deployed: Iterable[Model], ended: Iterable[Model] = ()) -> None:
        """Models that are run by other calls and shown to nobody here: from now on these, in place of all before.

        ended   those that take no requests any more, for what of them runs already.
        """
        self._deployed = {model.id: model for model in deployed}
        self.ended = {model.id: model for model in ended}

    def runnable(self, model_id: str) -> Model:
        """The model of a request, deployed ones too. Raises NotFound."""
        return self._deployed.get(model_id) or self.ended.get(model_id) or self.get(model_id)

    @property
    def all_runnable(self) -> tuple[Model, ...]:
        """Every model that workers may get requests of."""
        return (*self.models, *self._deployed.values())

    def of_manifest(self, model_id: str) -> Model:
        """A model as its manifest has it, whatever was changed. Raises NotFound."""
        return self._own[self.get(model_id).id]

    def get(self, model_id: str) -> Model:
        """The model with this id. Raises NotFound, naming ids that look like it."""
        model = self._by_id.get(model_id)
        if model is None:
            raise NotFound(f"no such model{_close(model_id, self._by_id)}")
        return model

    def by_slug(self, slug: str) -> Model:
        """The model whose pages live here. Raises NotFound, naming slugs that look like it."""
        model = self._by_slug.get(slug)
        if model is None:
            raise NotFound(f"no such model{_close(slug, self._by_slug)}")
        return model

    def __contains__(self, model_id: object) -> bool:
        return model_id in self._by_id

    def __len__(self) -> int:
        return len(self.models)


class _Loading:
    """What was read so far."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.problems: list[str] = []
        self.overrides: list[str] = []

    def add_folder(self, folder: Path, *, only: Callable[[Model], bool] = lambda model: True) -> None:
        if not folder.is_dir():
            self.problems.append(f"{folder}: is no folder; a folder with manifests is accepted")
            return
        here: dict[str, Model] = {}
        for path in _manifests(folder):
            model, problems = read_manifest(path, str(path))
            self.problems += problems
            if model is None or not only(model):
                continue
            if model.id in here:
                self.problems.append(f"{path}: $.id: {model.id!r} is also the id of {here[model.id].source}")
            here[model.id] = model
        for model_id in here.keys() & self.models.keys():
            old, new = self.models[model_id], here[model_id]
            self.overrides.append(f"{model_id}: {new.source} takes the place of {old.source}")
        self.models.update(here)

    def finish(self) -> Catalog:
        by_slug: dict[str, Model] = {}
        for model in self.models.values():
            other = by_slug.setdefault(model.slug, model)
            if other is not model:
                message = f"{model.slug!r} is also the slug of {other.source}"
                self.problems.append(f"{model.source}: $.slug: {message}")
        if self.problems:
            raise CatalogError(self.problems)
        return Catalog(self.models.values(), overrides=sorted(self.overrides))


def _manifests(folder: Path) -> Iterator[Path]:
    """Files named *.yaml or *.yml at any depth, in an order that does not depend on the disk."""
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in _SUFFIXES and path.is_file() and not is_hidden:
            yield path


def _close(wanted: str, known: Iterable[str]) -> str:
    # Ids have a known length; comparing a megabyte with each of them would take a while.
    close = get_close_matches(wanted[:MAX_ID_CHARACTERS], list(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else "; GET /v1/models lists all"
