from csp.middleware import CSPMiddleware as ContentSecurityPolicy  # noqa: F401
