"""The report of a run, looked at in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError
from curate.pipeline import Pipeline
from curate.report.page import write_report
from curate.runs.run import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CURATE_REQUIRE_BROWSER"), reason="there is no chromium"
)


@pytest.fixture(scope="module")
def page(run: Run) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = write_report(run.directory)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page()
        view.said, view.asked = [], []
        view.on("console", lambda message: view.said.append(message.text))
        view.on("pageerror", lambda error: view.said.append(str(error)))
        view.on("request", lambda request: view.asked.append(request.url))
        view.goto(path.as_uri())
        view.wait_for_selector("body[data-ready]")
        yield view
        browser.close()


@needs_browser
def test_nothing_leaves_nothing_fails_and_no_text_of_the_run_is_executed(page: Any) -> None:
    assert [url for url in page.asked if not url.startswith("file:")] == []
    assert [text for text in page.said if not text.startswith("[bokeh")] == []
    assert page.title() != "owned"
    assert page.locator("img, svg[onload]").count() == 0


@needs_browser
def test_a_reason_opens_to_its_examples_with_the_record_that_stays(page: Any) -> None:
    page.locator("#funnel summary", has_text="1 exact duplicate").click()
    example = page.locator("#funnel .record", has_text="r18")
    assert "similarity 1" in example.inner_text()
    assert "stands for it: r0" in example.inner_text()
    assert "Tell me about bees." in example.inner_text()


@needs_browser
def test_the_search_finds_and_the_filter_and_the_order_hold(page: Any) -> None:
    rows = page.locator("#records tbody tr")
    page.fill("#search", "CHESS say")
    assert rows.count() == 1
    assert "Tell me about chess." in rows.first.inner_text()
    page.fill("#search", "")
    page.select_option("#fate", "screen: empty")
    assert [rows.count(), rows.first.locator("td").first.inner_text()] == [1, "r19"]
    page.select_option("#fate", "")
    page.click("#records th button[value=id]")
    names = rows.locator("td:first-child").all_inner_texts()
    assert names == sorted(names)
    assert len(names) == 20


@needs_browser
def test_a_point_of_the_map_says_its_text(page: Any) -> None:
    place = page.locator("#map")
    place.scroll_into_view_if_needed()
    x, y = page.evaluate(
        """() => {
          const view = Object.values(Bokeh.index).find((v) => v.model.tools?.length || v.el?.closest?.("#map"));
          const glyph = view.model.renderers.at(-1), plot = view;
          const frame = plot.frame ?? plot.child_views?.[0]?.frame;
          const box = document.querySelector("#map > *").getBoundingClientRect();
          const { x, y } = glyph.data_source.data;
          return [box.x + frame.x_scale.compute(x[0]), box.y + frame.y_scale.compute(y[0])];
        }"""
    )
    page.mouse.move(x, y)
    page.locator(".bk-Tooltip, bk-tooltip, .bk-tooltip").first.wait_for(timeout=5000)


@needs_browser
def test_it_reads_on_a_phone_and_in_the_dark(page: Any) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    for _ in range(100):  # the chart takes a moment to shrink
        if (width := page.evaluate("document.documentElement.scrollWidth")) <= 390:
            break
        page.wait_for_timeout(100)
    assert width <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"


def test_what_is_not_checked_and_what_is_learnt_is_said(run: Run) -> None:
    text = write_report(run.directory).read_text()
    assert "no judge has graded the responses" in text
    assert '<span class="learnt">' in text
    assert "This run has not come to its end" not in text
    assert len(text) < 3_000_000


def test_a_run_that_failed_has_a_report_of_what_it_did(run: Run, tmp_path: Path) -> None:
    content = run.pipeline.to_dict()
    stages = [*content["stages"][:3], {"embed": {"model": "embedder"}}, {"diversify": {"count": 90}}]
    failed = Run(Pipeline({**content, "stages": stages}), tmp_path / "run")
    with pytest.raises(CurateError, match="count is 90"):
        failed.execute()
    text = write_report(failed.directory).read_text()
    assert "This run has not come to its end" in text
    assert "exact duplicate" in text
    assert (failed.directory / "dropped.jsonl").read_text().count("\n") == 2


def test_a_directory_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="is no run: it has no manifest.json"):
        write_report(tmp_path)
