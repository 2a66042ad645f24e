"""Whether a browser shows the pages as meant: every plot whole, every text readable, on a phone too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from tests.tunesmith.cost.test_plan import laid_out
from tests.tunesmith.reporting import sample
from tests.tunesmith.reporting.test_document import document
from tests.tunesmith.reporting.test_model_card import card, chosen
from tunesmith.reporting.document import RunRecords
from tunesmith.reporting.model_card import render_card
from tunesmith.reporting.page import render_page
from tunesmith.reporting.plan_page import render_plan

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PHONE = 390


def report(records: Callable[[], RunRecords]) -> str:
    return render_page(document(records()))


def with_wide_words() -> RunRecords:
    records = sample.promoted()
    word = "W" * 200
    found = {**(records.data or {})["diversity"], "advice": [word], "labels": {word: 10, "b": 1_000_000}}
    found |= {"languages": {"English": 5, word: 5}, "openings": [{"text": word, "words": 4, "count": 9}]}
    return replace(records, data={**(records.data or {}), "diversity": found})


WIDE = "report with wide words"
PAGES: dict[str, Callable[[], str]] = {
    "report of a promoted model": lambda: report(sample.promoted),
    "report of an undecided run": lambda: report(sample.inconclusive),
    "report of data refused": lambda: report(sample.invalid),
    "report with a champion": lambda: report(lambda: sample.second("promoted", right=0.912)),
    WIDE: lambda: report(with_wide_words),
    "model card": lambda: render_card(card(chosen(sample.promoted()))),
    "plan": lambda: render_plan(
        laid_out().to_json(), project=sample.PROJECT, run=sample.RUN, question="It costs more than $5."
    ),
}


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page; lengths in CSS pixels."""

    across: int
    plots: list[dict[str, Any]]
    smallest_text: float
    unreadable: list[str]
    console: list[str]


# Runs beside the frame that holds the report: the report itself has no script.
LOOK = """
[...document.querySelectorAll('iframe')].map((frame) => {
const page = frame.contentDocument, view = page.defaultView;
const texts = [...page.querySelectorAll('body *')].filter(
  (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
const visible = texts.filter((one) => one.getClientRects().length && one.tagName !== 'TITLE');
const size = (one) => {
  const drawn = one.closest('svg');
  const shrunk = drawn ? drawn.getBoundingClientRect().width / drawn.viewBox.baseVal.width : 1;
  return parseFloat(view.getComputedStyle(one).fontSize) * shrunk;
};
const luminance = (colour) => {
  const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255).map(
    (part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const colour = view.getComputedStyle(at).backgroundColor;
    if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const contrast = (one) => {
  const style = view.getComputedStyle(one), front = one.closest('svg') ? style.fill : style.color;
  const [light, dark] = [luminance(front), luminance(behind(one))].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
};
const plots = [...page.querySelectorAll('svg')].map((drawn) => {
  const box = drawn.getBoundingClientRect();
  const outside = [...drawn.querySelectorAll('text, circle, rect, line, polyline')].filter((part) => {
    const own = part.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1
      || own.bottom > box.bottom + 1;
  });
  return {label: drawn.getAttribute('aria-label'), width: box.width, height: box.height,
    marks: drawn.querySelectorAll('circle, rect, polyline').length,
    outside: outside.map((part) => part.outerHTML)};
});
return {across: page.documentElement.scrollWidth, plots,
  smallest_text: Math.min(...visible.map(size)),
  unreadable: visible.filter((one) => contrast(one) < 4.5).map((one) => one.outerHTML.slice(0, 120))};
})
"""


def look_at(pages: Sequence[tuple[str, int]], folder: Path) -> list[Seen]:
    """Open pages at their widths in headless Chromium, in frames: no window can be as narrow as a phone."""
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{escape(page)}"></iframe>'
        for page, width in pages
    )
    file = folder / "frames.html"
    script = f"onload = () => {{ document.title = JSON.stringify({LOOK}) }}"
    file.write_text(f"<!doctype html><body>{frames}<script>{script}</script>", "utf-8")
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        " --disable-component-update --disable-sync --hide-scrollbars --dump-dom --enable-logging=stderr"
    )
    done = subprocess.run(
        [str(CHROMIUM), *flags.split(), f"--user-data-dir={folder / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return [Seen(**one, console=console) for one in json.loads(unescape(title[1]))]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Seen]:
    """Every sample as a browser shows it, on a phone and on a screen."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    widths = [(name, width) for name in PAGES for width in (PHONE, 1280)]
    found = look_at(
        [(PAGES[name](), width) for name, width in widths],
        tmp_path_factory.mktemp("browser"),
    )
    return dict(zip(widths, found, strict=True))


@pytest.mark.parametrize("width", [PHONE, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_of_the_window(seen: dict[tuple[str, int], Seen], name: str, width: int) -> None:
    assert seen[name, width].across == width


@pytest.mark.parametrize("name", PAGES)
def test_a_browser_draws_every_plot_whole(seen: dict[tuple[str, int], Seen], name: str) -> None:
    found = seen[name, PHONE]
    labels = re.findall(r'<svg [^>]*aria-label="([^"]+)"', PAGES[name]())

    assert [plot["label"] for plot in found.plots] == [unescape(label) for label in labels]
    for plot in found.plots:
        assert plot["width"] > 200, plot
        assert plot["height"] > 40, plot
        assert plot["marks"] > 0, plot
        assert plot["outside"] == [] or name == WIDE, plot


@pytest.mark.parametrize("name", PAGES)
def test_a_browser_complains_of_nothing(seen: dict[tuple[str, int], Seen], name: str) -> None:
    assert seen[name, PHONE].console == []


@pytest.mark.parametrize("name", PAGES)
def test_every_text_can_be_read_on_a_phone(seen: dict[tuple[str, int], Seen], name: str) -> None:
    # The contrast is what WCAG 2.1 asks of normal text.
    assert seen[name, PHONE].smallest_text >= 10
    assert seen[name, PHONE].unreadable == []
