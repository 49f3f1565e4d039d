"""How a transformer is trained: a recipe's numbers, read from a TOML file that gives reasons."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stance.classifiers.inputs import MOST_TOKENS
from stance.errors import ModelError
from stance.resources import data_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerRecipe:
    """How a transformer is trained; models/minilm.toml says why its numbers are what they are."""

    base: str = "all-MiniLM-L6-v2"  # a folder, one of ours by name, or a name on the hub
    seed: int = 7
    epochs: float = 5.0  # how often each unit is read
    batch: int = 32  # units an update
    micro_batch: int = 32  # units at a time on the device: fewer need less memory, the same update
    learning_rate: float = 1e-4
    layer_decay: float = 1.0  # each layer learns at this much of the rate of the one above
    warm_up: float = 0.1  # of the steps, over which the rate rises from 0; then it falls to 0
    weight_decay: float = 0.01
    smoothing: float = 0.05  # of each target's weight, spread over all labels
    side_tasks: float = 0.5  # weight of the loss of every task but stance
    lora_rank: int = 0  # 0: all weights learn; else low-rank additions to every linear layer
    lora_layers: int = 6  # of these, the upper ones; the rest stays as it was pretrained
    n_tokens: int = 128  # the context is cut to fit; target and unit never are
    context: bool = True  # read the heading and the units before
    other_targets: float = 0.0  # of the units with a side, read again with a target of no concern
    n_folds: int = 3  # of whole outlets, for held-out scores and calibration

    def __post_init__(self) -> None:
        for field in fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if kind is float and type(value) is int:
                value = float(value)
                object.__setattr__(self, field.name, value)
            if type(value) is not kind:
                raise ModelError(f"{field.name} must be a {kind.__name__}, not {value!r}")
        above_0 = ("epochs", "batch", "micro_batch", "learning_rate", "layer_decay", "n_tokens")
        for name in (*above_0, "lora_layers"):
            if not 0 < getattr(self, name) < math.inf:
                raise ModelError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("seed", "weight_decay", "side_tasks", "lora_rank"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ModelError(f"{name} must be 0 or more, not {getattr(self, name)}")
        for name in ("layer_decay", "warm_up", "smoothing", "other_targets"):
            if not 0 <= getattr(self, name) <= 1:
                raise ModelError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.n_tokens > MOST_TOKENS:
            raise ModelError(f"n_tokens must be {MOST_TOKENS} at most, not {self.n_tokens}")
        if self.n_folds < 2:
            raise ModelError(f"n_folds must be 2 or more, not {self.n_folds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What one of a recipe's numbers may be: one of some values, or anything in a range."""

    values: tuple[float | int, ...] = ()
    low: float = 0.0  # of a range, drawn evenly on its logarithm
    high: float = 0.0


def read_recipe(name_or_path: str | Path, **changes: Any) -> TransformerRecipe:  # noqa: ANN401
    """Return a recipe by shipped name or file, with some of its numbers changed.

    Raises
    ------
    ModelError
        If there is none, or a key in it is unknown, of the wrong kind, or the seed.
    """
    path, data = _read(name_or_path)
    data.pop("search", None)
    if "seed" in data:  # it would be passed over: every command has one
        raise ModelError(f"{path}: seed: give it to the command: --seed {data['seed']}")
    return recipe_of({**data, **changes}, str(path))


def _read(name_or_path: str | Path) -> tuple[Path, dict[str, Any]]:
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = data_folder("models") / f"{name_or_path}.toml"
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        shipped = ", ".join(sorted(p.stem for p in data_folder("models").glob("*.toml")))
        raise ModelError(
            f"{path}: {error.strerror or error}; give a recipe's file, or one of: {shipped}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a TOML file: {error}") from None


def read_choices(name_or_path: str | Path) -> dict[str, Choices]:
    """Return what a recipe's table `search` lets `--search` try: number -> values, or a range.

    Raises
    ------
    ModelError
        If there is no such table, or an entry is neither a list nor a range from low to high.
    """
    path, data = _read(name_or_path)
    table = data.get("search")
    if not isinstance(table, dict) or not table:
        raise ModelError(f"{path}: no table [search] says what to try")
    found = {}
    for key, value in table.items():
        numbers = list(value.values()) if isinstance(value, dict) else value
        if (
            not isinstance(numbers, list)
            or not numbers
            or not all(type(n) in (int, float) and n > 0 for n in numbers)
            or (isinstance(value, dict) and value.keys() != {"low", "high"})
            or (isinstance(value, dict) and value["low"] > value["high"])
        ):
            raise ModelError(
                f"{path}: search.{key}: give a list of numbers above 0, or {{low = .., high = ..}}"
            )
        for number in numbers:  # what no recipe takes shows now, not hours into the search
            tried = float(number) if isinstance(value, dict) else number
            recipe_of({key: tried}, f"{path}: search")
        choice = Choices(**value) if isinstance(value, dict) else Choices(values=tuple(value))
        found[key] = choice
    return found


def recipe_of(data: Mapping[str, Any], where: str) -> TransformerRecipe:
    """Return the recipe that a table of settings describes.

    Raises
    ------
    ModelError
        If a key in it is unknown or of the wrong kind.
    """
    known = [field.name for field in fields(TransformerRecipe)]
    for key in data:
        if key not in known:
            raise ModelError(f"{where}: {key}: unknown key; known here: {', '.join(known)}")
    try:
        return TransformerRecipe(**data)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from None
