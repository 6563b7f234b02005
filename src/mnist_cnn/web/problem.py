"""Problems: every error over HTTP as a JSON body of one form (RFC 9457).

>>> Problem(413, "the body is too large", "expected at most 16 MB").body()
{'type': 'about:blank', 'title': 'the body is too large', 'status': 413, 'detail': 'expected at most 16 MB'}
"""

from typing import Any

from fastapi.responses import JSONResponse


class Problem(Exception):  # noqa: N818  the RFC's name
    """What went wrong: a status of 400 and more, a title that is the same each time, and what it was this time."""

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers or {}

    def body(self) -> dict[str, Any]:
        return {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), self.status, self.headers, media_type="application/problem+json")
