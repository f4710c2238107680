from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html_join

from .models import Note


def index(request: HttpRequest) -> HttpResponse:
    notes = format_html_join("", "<li>{}</li>", ((note.text,) for note in Note.objects.all()))
    return HttpResponse(f'<h1>Notes</h1><ul>{notes}</ul><a href="/admin/">Write one</a>\n')


urlpatterns = [path("", index), path("admin/", admin.site.urls)]
