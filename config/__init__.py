"""What needs all apps: settings, urls, Celery, landing page, casebook page, health, commands (design: config)."""
