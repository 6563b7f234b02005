"""Monitoring: the routes for health checks and metrics. They need no token."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from mnist_cnn.web import schema
from mnist_cnn.web.service import Shared, not_ready

router = APIRouter(default_response_class=PlainTextResponse)


@router.get("/healthz")
async def healthz() -> str:
    """Report that the server runs."""
    return "ok\n"


@router.get("/readyz", responses={503: {"content": schema.PROBLEM, "description": "the server is not ready"}})
async def readyz(service: Shared) -> str:
    """Report that the server takes requests."""
    if not service.ready:
        raise not_ready()
    return "ok\n"


@router.get("/metrics")
async def metrics(service: Shared) -> Response:
    """Return metrics in the text format of Prometheus."""
    return Response(generate_latest(service.registry), media_type=CONTENT_TYPE_LATEST)
