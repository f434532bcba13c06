"""Which site a request is for: by its context path on the host service's own name, else by its host name."""

from django.http import HttpRequest

from tradepost.core.errors import NotFoundError

from .models import Site


def find_site(request: HttpRequest) -> Site | None:
    """Return the site whose address the request was sent to, None when it was sent to none."""
    host = request.get_host().rpartition("]")
    name = (host[0] + host[1] + host[2].partition(":")[0]).lower()
    by_name = Site.objects.filter(host_name__iexact=name, context_path="").exclude(host_name="").first()
    if by_name is not None:
        return by_name
    first = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
    return Site.objects.filter(context_path=f"/{first}", host_name="").first() if first else None


def get_site_of(request: HttpRequest) -> Site:
    """Raises NotFoundError when the request was sent to no site."""
    site = find_site(request)
    if site is None:
        raise NotFoundError("site", request.path)
    return site
