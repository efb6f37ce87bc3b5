"""Middleware of pages."""

import math

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from accounts.errors import RateLimited


class RateLimitedMiddleware(MiddlewareMixin):
    """Answers RateLimited with a page and Retry-After. The API has an error handler of its own."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, RateLimited):
            return None
        response = render(request, "429.html", {"message": error.message}, status=error.status)
        response["Retry-After"] = str(math.ceil(error.retry_after_seconds or 1))
        return response
