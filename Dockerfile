# One image for web, worker, scheduler and migrations; docker-compose.yml says which runs what.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PORT=8000 BIND=0.0.0.0 DATA_DIR=/srv/data

RUN useradd --system --uid 10001 --home-dir /srv/app --shell /usr/sbin/nologin app \
    && mkdir -p /srv/app /srv/data && chown app /srv/data
WORKDIR /srv/app

COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt

COPY . .
# The key serves this one command and stays in none of the layers' environment.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    python manage.py collectstatic --noinput

USER app
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://localhost:{os.environ['PORT']}/healthz\", timeout=8)"]
CMD ["gunicorn", "-c", "python:config.gunicorn"]
