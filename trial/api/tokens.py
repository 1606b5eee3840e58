"""How a program gets its credential: a token with an end, kept as a digest."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers, throttling
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from trial.api.authentication import Token
from trial.api.fields import Moment


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False, write_only=True)
    hours = serializers.IntegerField(default=8, min_value=1, max_value=24 * 30)


class NewTokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text=_lazy("Shown this once; only its digest is kept."))
    expires_at = Moment()


class PerAccount(throttling.SimpleRateThrottle):
    """5 tries a minute for one user name from one address: a hospital shares its address."""

    scope, rate = "token-account", "5/min"

    def get_cache_key(self, request: Any, view: Any) -> str:
        data = request.data if isinstance(request.data, dict) else {}
        name = str(data.get("username", "")).lower()[:60]
        return self.cache_format % {
            "scope": self.scope,
            "ident": f"{self.get_ident(request)}|{name}".encode().hex(),
        }


class PerAddress(throttling.SimpleRateThrottle):
    """30 tries a minute from one address, whatever the user names."""

    scope, rate = "token-address", "30/min"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class Tokens(APIView):
    """Get a token for a user name and password."""

    authentication_classes = [Token]
    permission_classes = [AllowAny]
    throttle_classes = [PerAddress, PerAccount]

    @extend_schema(request=LoginSerializer, responses={201: NewTokenSerializer}, auth=[])
    def post(self, request: Any) -> Response:
        """A token that ends after `hours` (8 unless given, 720 at most)."""
        given = LoginSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        answers = given.validated_data
        user = authenticate(request, username=answers["username"], password=answers["password"])
        if user is None:
            raise AuthenticationFailed(_("User name or password is wrong, or the account is off."))
        row, token = AuthToken.objects.create(user, expiry=timedelta(hours=answers["hours"]))
        body = NewTokenSerializer({"token": token, "expires_at": row.expiry}).data
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class CurrentToken(APIView):
    """The token a request comes with."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Any) -> Response:
        """Revoke it at once."""
        if not isinstance(request.auth, AuthToken):
            raise ValidationError({"detail": _("This request came with a session, not a token.")})
        request.auth.delete()
        return Response(status=204)
