"""Whether this process is up and ready, for supervisors and load balancers. No sign-in, no internals."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from . import queries
from .clock import machine_now


@require_safe
def up(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "up"})


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers with tables of this version and a worker lives; else 503, and what is missing."""
    checks = {"database": "ok", "migrations": "unknown", "worker": "unknown"}
    try:
        checks["migrations"] = "ok" if _is_migrated() else "pending"
        checks["worker"] = "ok" if queries.has_worker(machine=machine_now()) else "missing"
    except Error:
        checks["database"] = checks["database"] if checks["migrations"] == "pending" else "unreachable"
    is_ready = set(checks.values()) == {"ok"}
    body = {"status": "ready" if is_ready else "not ready", **checks}
    return JsonResponse(body, status=200 if is_ready else 503)


def _is_migrated() -> bool:
    """Look until the answer is yes, and not again: tables do not go back while a process runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _known["migrated"]:
        executor = MigrationExecutor(connection)
        _known["migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _known["migrated"]


_known = {"migrated": False}
urls = [path("healthz", up, name="healthz"), path("readyz", ready, name="readyz")]
