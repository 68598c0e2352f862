"""The workbench's bars in Chromium: first paint, weight, and how soon rows stand where the scroll bar was let go.

python benchmarks/workbench.py URL session [session ...]

The server is running already and each session is an open table (`benchmarks/make_table.py`, then `POST /upload`). Beside
each jump stands the read `data` alone, asked by the same page for as many rows as one screen: what is left is the grid's.
"""

from __future__ import annotations

import gzip
import shutil
import statistics
import sys
from typing import Any

from playwright.sync_api import Browser, sync_playwright

JUMPS = 60

JUMP = """async ([session, jumps, seed]) => {
  const scroller = [...document.querySelectorAll('.grid *')].filter((each) => getComputedStyle(each).overflowY !== 'visible')
    .sort((one, other) => other.scrollHeight - one.scrollHeight)[0];
  const random = () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const isDrawn = () => {
    const place = scroller.getBoundingClientRect();
    const rows = [...document.querySelectorAll('.grid .ag-row [col-id="name"]')]
      .filter((each) => { const box = each.getBoundingClientRect(); return box.bottom > place.top + 1 && box.top < place.bottom - 1; });
    return rows.length * 28 >= place.height - 130 && rows.every((each) => each.textContent !== '' && !each.querySelector('.skeleton'));
  };
  const jumped = [], read = [];
  const most = scroller.scrollHeight - scroller.clientHeight;
  for (let at = 0; at < jumps; at++) {
    const begun = performance.now();
    scroller.scrollTop = Math.floor(random() * most);
    await frame();
    while (!isDrawn()) { await frame(); if (performance.now() - begun > 20000) throw new Error('not drawn'); }
    jumped.push(performance.now() - begun);
    await new Promise((done) => setTimeout(done, 120));
  }
  const rows = window.tableRows;
  for (let at = 0; at < jumps; at++) {
    const first = Math.floor(random() * (rows - 40));
    const begun = performance.now();
    const page = await (await fetch(`/api/v1/datasets/${session}/rows?rowIndexFrom=${first}&rowIndexTo=${first + 39}&columnIndexFrom=0&columnIndexTo=99`)).json();
    if (page.data.index.length !== 40) throw new Error('no rows');
    read.push(performance.now() - begun);
  }
  return { jumped, read };
}"""

PAINT = """() => new Promise((done) => {
  const told = performance.getEntriesByName('first-contentful-paint');
  if (told.length) return done(told[0].startTime);
  new PerformanceObserver((list) => list.getEntries().forEach((each) => each.name === 'first-contentful-paint' && done(each.startTime)))
    .observe({ type: 'paint', buffered: true });
})"""


def spread(milliseconds: list[float]) -> str:
    """Median and the slowest but one in twenty."""
    ordered = sorted(milliseconds)
    return f"median {statistics.median(ordered):6.0f} ms   95% {ordered[int(len(ordered) * 0.95)]:6.0f} ms"


def show_jumps(browser: Browser, url: str, session: str) -> None:
    """How long after a jump to a random place its rows are drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}/{session}")
    page.locator('.grid .ag-row [col-id="name"] .cell').first.wait_for()
    page.locator(".strip svg").first.wait_for(timeout=120_000)
    rows = int(page.locator(".rows-shown").inner_text().split()[0].replace(",", ""))
    page.evaluate("(rows) => { window.tableRows = rows; }", rows)
    found: dict[str, Any] = page.evaluate(JUMP, [session, JUMPS, 7])
    print(f"jump in {rows:>10,} rows: {spread(found['jumped'])}   the read alone: {spread(found['read'])}", flush=True)
    page.close()


def show_start(browser: Browser, url: str, session: str) -> None:
    """First paint and interactive with an empty cache, and the weight of the scripts until then."""
    painted, ready, weights = [], [], set()
    for _ in range(5):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        scripts: list[str] = []
        page.on("response", lambda answer, into=scripts: answer.url.endswith(".js") and into.append(answer.url))
        page.goto(url)
        painted.append(page.evaluate(PAINT))
        page.get_by_role("button", name="Films").wait_for()
        ready.append(page.evaluate("performance.now()"))
        weights.add(sum(len(gzip.compress(page.request.get(each).body())) for each in scripts))
        context.close()
    print(f"start page, cold: first paint {spread(painted)}, interactive {spread(ready)}")
    print(f"scripts of the start page: {max(weights) / 1000:.0f} kB gzipped (bar 500)")
    opened = []
    for _ in range(5):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"{url}/{session}")
        page.locator('.grid .ag-row [col-id="name"] .cell').first.wait_for()
        opened.append(page.evaluate("performance.now()"))
        context.close()
    print(f"a table by its link, cold: rows after {spread(opened)} (bar 2,000)", flush=True)


def main() -> None:
    """Measure the start, then jumps in each session's table."""
    url, sessions = sys.argv[1].rstrip("/"), sys.argv[2:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        show_start(browser, url, sessions[0])
        for session in sessions:
            show_jumps(browser, url, session)
        browser.close()


if __name__ == "__main__":
    main()
