"""What needs all apps: settings, urls, tasks, landing page, casebook page, health, commands."""
