"""Every address of the host service."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
