"""What of this room runs in a worker process. The main process imports it too, so it loads nothing heavy."""

from __future__ import annotations

from monitor.model import Extract


def read_page(body: bytes, url: str, content_type: str, *, light: bool = False) -> Extract:
    """The text of a web page. `url` is where the page was found in the end. Raises ExtractError.

    `light` is for the second try at a page that hung or killed its worker: a fraction of the work, a little less found.
    """
    from monitor.articles.extract import extract  # 60 MB of libraries that only workers shall load

    return extract(body, url=url, content_type=content_type, light=light)
