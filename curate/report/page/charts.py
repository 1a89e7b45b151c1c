"""The report's charts, as Bokeh's JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure
from datasets import Dataset

from curate.records.embeddings import Embeddings
from curate.records.pool import known_scores
from curate.records.texts import response_lengths, shortened, texts_of
from curate.report.page.projection import project
from curate.runs.finished import FinishedRun

CHOSEN, OTHERS = 1000, 1500  # points of the map, at most
TEXT = 110  # characters of a text that hovering shows
ACCENT, PALE, INK = "#d9480f", "#8a93a0", "#7a828e"  # on light and on dark ground alike
BINS = 40


def draw(run: FinishedRun) -> dict[str, Any]:
    """The charts by the ids of their places in the page; those that the run has nothing for are left out."""
    charts = {"map": _map(run), "likelihoods": _likelihoods(run), "lengths": _lengths(run)}
    return {name: json_item(chart, ID(name)) for name, chart in charts.items() if chart is not None}


def _map(run: FinishedRun) -> Any:
    """The pool from which the last choice was made, and the choice on top."""
    stage = run.last("diversify")
    parts = (stage.kept, stage.dropped) if stage else (run.result,)
    parts = tuple(_sample(part, most) for part, most in zip(parts, (CHOSEN, OTHERS), strict=False) if len(part))
    if any("embedding" not in part.column_names for part in parts):
        return None
    points = project(np.concatenate([Embeddings(part, np.arange(len(part)))[:] for part in parts]))
    chart = _figure("", 460, active_scroll="wheel_zoom", tools="pan,wheel_zoom,box_zoom,reset")
    chart.axis.visible = False
    chart.grid.visible = False
    first = len(parts[0])
    layers = [("chosen", parts[0], points[:first], ACCENT, 6, 0.9)]
    if len(parts) > 1:
        layers.insert(0, ("not chosen", parts[1], points[first:], PALE, 4, 0.45))
    for name, part, where, colour, size, alpha in layers:
        texts = {
            "asked": [shortened(text, TEXT) for text in texts_of(part, "instruction")],
            "answered": [shortened(text, TEXT) for text in texts_of(part, "response")],
        }
        x, y = where.round(2).T
        source = ColumnDataSource({"x": x, "y": y, "id": list(part["id"]), **texts})
        chart.scatter("x", "y", source=source, size=size, color=colour, alpha=alpha, line_color=None, legend_label=name)
    chart.add_tools(HoverTool(tooltips=[("", "@asked"), ("", "@answered"), ("id", "@id")]))
    chart.legend.click_policy = "hide"
    return _plain(chart)


def _likelihoods(run: FinishedRun) -> Any:
    """The mean log-probability of the responses under the base model, where it was measured and at the end."""
    stage = run.last("fit", "choose")
    if stage is None or "logprob" not in run.result.features.get("scores", {}):
        return None
    chart = _figure("log-probability per token under the base model", 240)
    before, after = known_scores(stage.kept, "logprob"), known_scores(run.result, "logprob")
    edges = np.histogram_bin_edges(np.concatenate([before, after])[np.isfinite([*before, *after])], BINS)
    for name, values, colour in ((f"after {stage.label}", before, PALE), ("at the end", after, ACCENT)):
        shares = np.histogram(values[np.isfinite(values)], edges)[0] / max(len(values), 1)
        chart.quad(
            top=shares,
            bottom=0,
            left=edges[:-1],
            right=edges[1:],
            color=colour,
            alpha=0.5,
            line_color=None,
            legend_label=name,
        )
    return _plain(chart)


def _lengths(run: FinishedRun) -> Any:
    """Each record's likelihood beside the length of its response."""
    records = run.result
    if "logprob" not in records.features.get("scores", {}):
        return None
    chart = _figure("characters of the response, and log-probability per token", 240)
    chart.scatter(
        response_lengths(records), known_scores(records, "logprob"), color=ACCENT, alpha=0.5, size=4, line_color=None
    )
    return _plain(chart)


def _figure(title: str, height: int, **options: Any) -> Any:
    options = {"tools": "", **options}
    return figure(title=title or None, height=height, sizing_mode="stretch_width", toolbar_location="right", **options)


def _plain(chart: Any) -> Any:
    """No ground of its own, and ink that can be read on a light and on a dark page."""
    chart.background_fill_alpha = chart.border_fill_alpha = 0
    chart.outline_line_color = None
    chart.toolbar.logo = None
    chart.grid.grid_line_color, chart.grid.grid_line_alpha = INK, 0.2
    for axis in chart.axis:
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = INK
        axis.major_label_text_color = INK
    if chart.title:
        chart.title.text_color, chart.title.text_font_style = INK, "normal"
    if chart.legend:
        chart.legend.background_fill_alpha, chart.legend.border_line_alpha, chart.legend.label_text_color = 0, 0, INK
    return chart


def _sample(records: Dataset, most: int) -> Dataset:
    if len(records) <= most:
        return records
    return records.select(np.sort(np.random.default_rng(0).choice(len(records), most, replace=False)))
