"""What our pages have in common: how templates are filled, and the files that go with them."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stance.codebook import Task
from stance.web.cards import shown

HERE = Path(__file__).parent
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def asset_route(names: Sequence[str]) -> Route:
    """Return the route of files that lie beside the templates; any other name is not found."""
    assets = {name: (HERE / name).read_bytes() for name in names}

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in assets:
            raise HTTPException(404, "There is no such page.")
        return Response(assets[name], media_type=TYPES[Path(name).suffix])

    return Route("/{name}", asset)


def environment() -> Environment:
    """Return where pages are laid out: texts escaped, nothing undefined passed over."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.0%}"
    environment.filters["two"] = lambda value: "–" if value is None else f"{value:.2f}"
    environment.filters["as_typed"] = lambda text: Markup("\n").join(map(shown, text.split("\n")))
    # Control and direction marks of a text could make a page read otherwise than it says.
    environment.finalize = lambda value: shown(value) if type(value) is str else value
    return environment


def tones_of(task: Task) -> dict[str, str]:
    """Return label -> colour role, from the sign of its score; "plain" where there is no order."""
    if not task.ordered:
        return dict.fromkeys(task.classes, "plain")
    return {
        label.name: "even" if not label.score else "good" if label.score > 0 else "bad"
        for label in task.labels
    }
