"""The REST API: bases of every resource, and the resources of `trial` (design: edges stay thin)."""
