"""The answer in the place of one that an app has failed to give; as Gunicorn words it."""

from __future__ import annotations

ERROR_PAGE = (
    b"<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    b"    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n"
)
ERROR_HEAD = b"500 Internal Server Error\nContent-Type\ntext/html"
