"""`python -m benchmarks.opening PAGE [--plays]`: how long a page takes to open in Chromium, and what its frames take."""

import shutil
from pathlib import Path

import click
import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FRAMES = """() => new Promise(done => {
    const times = []
    const frame = time => { times.push(time); times.length < 240 ? requestAnimationFrame(frame) : done(times) }
    requestAnimationFrame(frame)
})"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


@click.command()
@click.argument("address")
@click.option("--plays", is_flag=True, help="Press the space bar, as in the lab, and time the next 239 frames.")
def main(address: str, plays: bool) -> None:
    """Open the file at ADDRESS, which may go on after a #, and print what it takes."""
    path, _, state = address.partition("#")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise click.ClickException(f"no browser: none of {', '.join(PROGRAMS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(f"{Path(path).resolve().as_uri()}#{state}")
        page.wait_for_timeout(1000)
        click.echo(f"opens in {page.evaluate(LOADED):.0f} ms, {_busy(session):.2f} s of the main thread's processor time")
        if plays:
            click.echo(_frames(page, session))
        browser.close()


def _frames(page: Page, session: CDPSession) -> str:
    """What the frames take while the page plays: from one to the next, and of the main thread's processor time."""
    page.keyboard.press("Space")
    before = _busy(session)
    apart = np.diff(page.evaluate(FRAMES))
    middle, late = np.quantile(apart, [0.5, 0.95])
    busy = 1000 * (_busy(session) - before) / len(apart)
    return (
        f"frames are {middle:.1f} ms apart (95 %: {late:.1f} ms or less), {busy:.1f} ms of the main thread's processor time each"
    )


def _busy(session: CDPSession) -> float:
    """The main thread's processor time so far, in seconds."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


if __name__ == "__main__":
    main()
