"""The report of a run: one file that a browser shows without a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from curate.records.files import written_whole
from curate.report.page import charts, sections
from curate.runs.finished import FinishedRun

NAME = "report.html"


def write_report(directory: str | Path) -> Path:
    """Writes `report.html` into a run's directory: what came out, how, whether it is diverse, fits and trains.

    It needs nothing but the run: no model, but for the tokenizer of the one that will be trained, where that is at
    hand. Of a run that did not come to its end it says what there is. Raises CurateError where there is no run.
    """
    run = FinishedRun(directory)
    drawn = charts.draw(run)
    records, packed_charts = _packed(sections.table(run)), _packed(drawn)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            **sections.views(run),
            charts=list(drawn),
            records=records,
            packed_charts=packed_charts,
            bokeh=_bokeh(),
            style=_asset("report.css"),
            script=_asset("report.js"),
            nonce=hashlib.sha256(f"{records} {packed_charts}".encode()).hexdigest(),
        )
    )
    path = run.directory / NAME
    with written_whole(path) as file:
        file.write(page.encode("utf-8", "replace"))
    return path


def _number(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{int(value):,}" if isinstance(value, int | float) else str(value)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("curate.report.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = _number
    environment.filters["percent"] = lambda value: f"{value:.1%}"
    return environment


def _asset(name: str) -> Markup:
    """A file of ours, beside the template: nothing of a run is in it."""
    return Markup((Path(__file__).with_name("templates") / name).read_text(encoding="utf-8"))  # noqa: S704


def _bokeh() -> Markup:
    from bokeh.resources import Resources

    return Markup("\n".join(Resources("inline", components=["bokeh"]).js_raw))  # noqa: S704


def _packed(values: Any) -> str:
    """The values as JSON, gzip and base64: a page of many texts stays small, and no text can end its element."""
    return base64.b64encode(
        gzip.compress(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"), mtime=0)
    ).decode()
