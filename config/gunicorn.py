"""Gunicorn's settings, the same embedded and deployed: `gunicorn -c python:config.gunicorn`."""

import os

wsgi_app = "config.wsgi:application"
bind = [f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"]
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = 4
timeout = 60  # seconds
graceful_timeout = 8
accesslog = "-"
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(L)ss'  # no query string: it may name people
control_socket_disable = True  # nobody uses it, and it would sit in the home folder
