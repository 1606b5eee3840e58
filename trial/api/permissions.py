from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission

from trial.models import User
from trial.roles import may


class RoleAllows(BasePermission):
    """The role table (`trial.roles`) decides; which rows is decided by `visible_to`.

    A view that names an `area` asks for its rights; one without serves everybody logged in.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        user = request.user
        if not (isinstance(user, User) and user.is_active):
            return False
        area = getattr(view, "area", None)
        return area is None or may(user.role, action_of(request.method, view), area)


def action_of(method: str, view: Any) -> str:
    """The right a request needs: "view", "add" or "change"."""
    if method in SAFE_METHODS:
        return "view"
    return "change" if getattr(view, "detail", False) else "add"
