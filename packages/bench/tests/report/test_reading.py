"""The report as a browser shows it: every control, by mouse and by keyboard, on every screen, whatever it is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spectralkit_bench.report.finding import find
from spectralkit_bench.report.writing import write_report

Reading = Callable[..., Any]

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}<!--"


def report(out: Path, *directories: Path, most: int | None = None) -> Path:
    write_report(find(directories), out, most)
    return out


@pytest.fixture(scope="module")
def written(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory.mktemp("report") / "report.html", *runs)


def wait(page: Any, condition: str) -> None:
    """Until it is true; Playwright's own way needs eval, which the page forbids."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {condition}")


def opens(page: Any, begins: str) -> None:
    """The sample whose heading begins so; an address is followed a moment after the click that changed it."""
    wait(page, f"document.querySelector('[data-open]').textContent.startsWith({json.dumps(begins)})")


def split(page: Any) -> str:
    return str(page.evaluate("document.getElementById('viewer').style.getPropertyValue('--split')"))


def zoom(page: Any) -> dict[str, str]:
    return dict(
        page.evaluate(
            "(({style}) => ({scale: style.getPropertyValue('--scale'), x: style.getPropertyValue('--x')}))"
            "(document.getElementById('viewer'))"
        )
    )


def names(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("#sample-table tbody th", "rows => rows.map(row => row.textContent.trim())"))


def test_the_divider_follows_keys_and_pointer(written, reading):
    page = reading(written)
    divider = page.locator("input[type=range]")
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert split(page) == "51%"
    page.keyboard.press("Home")
    assert split(page) == "0%"
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 20)
    assert split(page) == "25%"
    assert page.evaluate("getComputedStyle(document.querySelector('.over')).clipPath").startswith("inset(0px 75% 0px 0")


def test_either_side_shows_what_is_picked(written, reading):
    page = reading(written)
    sides = {side: page.locator(f".stage img[data-side={side}]") for side in ("left", "right")}
    assert "standard" in sides["left"].get_attribute("alt")
    assert "ovg" in sides["right"].get_attribute("alt")
    page.select_option("select[data-pick=left]", "source")
    page.select_option("select[data-pick=right]", "reference")
    shown = [page.locator(f".panes img[data-key={key}]").get_attribute("src") for key in ("source", "reference")]
    assert [sides[side].get_attribute("src") for side in ("left", "right")] == shown
    assert shown[0] != shown[1]


def test_all_images_zoom_and_move_as_one(written, reading):
    page = reading(written)
    page.locator(".stage").focus()
    for _ in range(3):
        page.keyboard.press("+")
    assert float(zoom(page)["scale"]) == pytest.approx(1.5**3)
    transforms = page.eval_on_selector_all(
        ".zoomed",
        "images => images.map(i => { const m = new DOMMatrix(getComputedStyle(i).transform);"
        " return [m.a, m.e / i.clientWidth].map(v => v.toFixed(3)).join() })",
    )
    assert len(transforms) == 6
    assert len(set(transforms)) == 1
    assert page.evaluate("getComputedStyle(document.querySelector('.zoomed')).imageRendering") == "pixelated"
    before = zoom(page)["x"]
    page.keyboard.press("ArrowRight")
    assert zoom(page)["x"] != before
    page.locator(".pane").first.scroll_into_view_if_needed()
    box, before = page.locator(".pane").first.bounding_box(), zoom(page)["x"]
    page.mouse.move(box["x"] + 90, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.up()
    assert float(zoom(page)["x"][:-1]) < float(before[:-1])
    page.keyboard.press("0")
    assert zoom(page) == {"scale": "1", "x": "0%"}


def test_the_place_under_the_pointer_stays_there_as_the_wheel_zooms(written, reading):
    page = reading(written)
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    wait(page, "document.getElementById('viewer').style.getPropertyValue('--scale') > 1")
    scale, x = float(zoom(page)["scale"]), float(zoom(page)["x"][:-1])
    assert (25 - x) / scale == pytest.approx(25, abs=0.5)


def test_samples_sort_by_name_and_by_any_score(written, reading):
    page = reading(written)
    by_name = page.locator("#sample-table thead th").first
    by_name.locator("button").focus()
    page.keyboard.press("Enter")
    assert by_name.get_attribute("aria-sort") == "ascending"
    assert names(page) == sorted(names(page))
    page.keyboard.press("Enter")
    assert by_name.get_attribute("aria-sort") == "descending"
    page.select_option("#score", "psnr")
    page.locator("#sample-table thead button", has_text="ovg").click()
    assert by_name.get_attribute("aria-sort") == "none"
    values = page.eval_on_selector_all(
        "#sample-table tbody tr", "rows => rows.map(r => +r.cells[3].querySelector('data:not([hidden])').value)"
    )
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


def test_scores_sort_by_method(written, reading):
    page = reading(written)
    for falling in (True, False):
        page.locator("#scores thead button", has_text="psnr").click()
        values = page.eval_on_selector_all(
            "#scores table[data-sortable] tbody tr", "rows => rows.map(r => +r.cells[3].firstChild.value)"
        )
        assert values == sorted(values, reverse=falling)
        assert len(set(values)) == 2


def test_samples_open_by_address_by_name_and_by_step(written, reading):
    page = reading(written)
    first, second, *_, last = names(page)
    opens(page, f"{first} (1 of")
    page.locator("#sample-table tbody a", has_text=second).click()
    opens(page, second)
    assert page.evaluate("document.activeElement.hasAttribute('data-open')")
    page.keyboard.press("p")
    page.keyboard.press("p")
    opens(page, last)
    page.locator("button[data-step='1']").click()
    opens(page, first)
    page = reading(written, f"#sample={last}")
    opens(page, last)
    assert page.evaluate("document.activeElement.hasAttribute('data-open')")


def test_pictures_come_as_they_are_looked_at(making, tmp_path, reading):
    page = reading(report(tmp_path / "r.html", making("many", [f"s{i}" for i in range(200)])))
    sources = "images => images.filter(i => i.src).length"
    assert page.eval_on_selector_all("#sample-table img", sources) < 40
    page.locator("#sample-table tbody tr").last.scroll_into_view_if_needed()
    wait(page, "document.querySelector('#sample-table tbody tr:last-child img').naturalWidth > 0")


def test_two_hundred_samples_are_there_in_two_seconds(making, tmp_path, reading):
    ids = [f"s{i}" for i in range(200)]
    path = report(tmp_path / "r.html", making("a", ids, 64), making("b", ids, 64))
    page = reading(None)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # the page's own time, whatever else runs here
    page.goto(path.as_uri())
    assert page.locator("[data-open]").text_content() == "s0 (1 of 200)"
    taken = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < taken["TaskDuration"] < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_screen_is_wide_enough(written, reading, scheme, width):
    page = reading(written, viewport={"width": width, "height": 700}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = "+getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
    assert (page.evaluate(light) > 128) == (scheme == "light")


@pytest.fixture
def wide(making: Any, tmp_path: Path) -> Path:
    """Six scores, each with a deviation in four digits."""
    names = ("s-g", "s-dc", "s-hf", "s-lf", "psnr", "ssim")
    runs = [
        making(
            f"{method}-{seed}",
            config={"method": method, "seed": seed},
            scores={name: 0.03 + 0.0043 * seed + 0.011 * i + 10 * (name == "psnr") for i, name in enumerate(names)},
            cost={"forwards": 20.0, "backwards": 20.0},
            seconds=12.34 + seed,
        )
        for method in ("standard", "ovg(eta_hf=100.0)+taba")
        for seed in (1, 2)
    ]
    return report(tmp_path / "wide.html", *runs)


def test_scores_fit_a_screen_and_scroll_in_their_own_box_on_a_phone(wide, reading):
    widths = "e => [e.scrollWidth - e.clientWidth, document.documentElement.scrollWidth - innerWidth]"
    box = reading(wide).locator("#scores .scroll").first
    assert box.locator("tbody small").count() > 12
    assert box.evaluate(widths) == [0, 0]
    phone = reading(wide, viewport={"width": 390, "height": 844}).locator("#scores .scroll").first
    beyond, page = phone.evaluate(widths)
    assert (beyond > 0, page) == (True, 0)
    phone.evaluate("e => e.scrollBy(9999, 0)")
    name, seconds = (phone.locator(f"tbody tr:first-child :is(th, td):{end}-child") for end in ("first", "last"))
    assert name.bounding_box()["x"] == phone.bounding_box()["x"]  # which method a number is of stays in sight
    assert name.bounding_box()["x"] + name.bounding_box()["width"] < seconds.bounding_box()["x"]


def test_text_and_curves_can_be_told_from_their_ground(written, reading):
    measure = """() => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
      const light = colour => {
        canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const style = getComputedStyle(document.documentElement);
      const contrast = (a, b) => {
        const [x, y] = [a, b].map(n => light(style.getPropertyValue(n))).sort((p, q) => q - p);
        return (x + 0.05) / (y + 0.05);
      };
      const grounds = ['--ground', '--card'];
      const least = names => Math.min(...names.flatMap(n => grounds.map(g => contrast(n, g))));
      return [least(['--ink', '--quiet', '--accent', '--good', '--bad', '--middle', '--flag']),
              least(['--run0', '--run1', '--run2', '--run3', '--run4', '--run5', '--source', '--reference'])];
    }"""
    for scheme in ("light", "dark"):
        text, curves = reading(written, color_scheme=scheme).evaluate(measure)
        assert text >= 4.5  # WCAG 2.2: text, and then what is no text
        assert curves >= 3


def test_a_seed_is_chosen_for_all_that_have_it(making, tmp_path, reading):
    both = [making("x" * seed, config={"method": "x", "seed": seed}) for seed in (1, 2)]
    page = reading(report(tmp_path / "r.html", making("standard", config={"seed": 1}), *both))

    def sources(place: str) -> list[str]:
        return list(page.eval_on_selector_all(place, "images => images.map(i => i.src)"))

    page.locator("tr[data-row=a]").scroll_into_view_if_needed()
    places = ("#viewer .panes img", "#viewer .latents img", ".stage img", "tr[data-row=a] img")
    wait(page, "document.querySelector('tr[data-row=a] img').naturalWidth > 0")
    before = {place: sources(place) for place in places}
    page.select_option("#seed", "2")
    wait(page, "document.querySelectorAll('tr[data-row=a] img')[1].naturalWidth > 0")
    for place, (first, second, *_) in ((place, zip(before[place], sources(place), strict=True)) for place in places):
        same = {pair[0] == pair[1] for pair in (first, second)}
        assert same == {True, False}, place  # standard draws nothing, and has one seed
    assert page.locator("tr[data-row=a] data:visible").count() == 2
    page.keyboard.press("n")
    assert page.locator("#viewer .panes figure").count() == 2


def test_whatever_is_named_is_text(making, tmp_path, reading):
    told = {HOSTILE: 1.0}
    directory = making(
        "evil",
        scores=told,
        details={HOSTILE: {HOSTILE: HOSTILE}},
        diagnostics=told,
        device=HOSTILE,
        versions={HOSTILE: HOSTILE},
        config={
            "method": HOSTILE,
            "model": HOSTILE,
            "dataset": HOSTILE,
            "source": HOSTILE,
            "settings": {HOSTILE: {HOSTILE: HOSTILE}},
        },
    )
    (directory / "run.toml").write_text(HOSTILE)
    page = reading(report(tmp_path / "r.html", directory), viewport={"width": 360, "height": 700})
    page.wait_for_timeout(200)
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("script").count() == page.locator("script[type=module]").count()
    assert HOSTILE in page.locator("h1").text_content()
    assert page.locator("main").text_content().count(HOSTILE) > 8
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_script_that_slipped_in_would_not_run_nor_reach_anybody(written, tmp_path, browser):
    broken = tmp_path / "broken.html"
    slipped = "<script>document.title='slipped'</script><img src='http://127.0.0.1:9/x'>"
    broken.write_text(written.read_text().replace("<footer>", f"{slipped}<footer>"))
    page = browser.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.on("response", lambda response: asked.append(response.url))
    page.goto(broken.as_uri())
    assert page.title() != "slipped"
    assert page.locator("[data-open]").text_content()  # what belongs to it runs
    assert not [url for url in asked if url.startswith("http")]
    page.close()


def test_paper_shows_what_is_folded(written, reading):
    page = reading(written)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".bar button").first.is_hidden()


def test_every_control_has_a_name_and_every_picture_a_text(written, reading):
    page = reading(written)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, [role=region], [role=img]')].filter(e =>
          !(e.getAttribute('aria-label') || e.closest('label') || e.textContent.trim())).map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("img:not([alt])").count() == 0
    headings = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(h => +h.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(headings))
