"""A Flask app with a page that takes its time and one that streams."""

from __future__ import annotations

import time
from typing import Iterator

from flask import Flask, Response

app = Flask(__name__)


@app.route("/")
def hello() -> str:
    app.logger.info("somebody said hello")
    return "Hello from Flask\n"


@app.route("/slow")
def slow() -> str:
    """Reload meanwhile: the answer comes all the same."""
    time.sleep(2)
    return "that took two seconds\n"


@app.route("/stream")
def stream() -> Response:
    def count() -> Iterator[str]:
        for number in range(5):
            yield f"{number}\n"
            time.sleep(0.5)

    return Response(count(), mimetype="text/plain")
