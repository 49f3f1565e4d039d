"""Where the files that travel with the package stand: codebooks, labels, seeds, models."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def data_folder(name: str) -> Path:
    """Return the folder `labels`, `models` or `seeds`: a checkout's own, else the wheel's copy."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
