"""Every address of the marketplace."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
