"""The real settings with a fast password hash and a key of their own."""

import os
import tempfile

os.environ.setdefault(
    "SECRET_KEY", "a key for tests only, long enough to be taken by the check on it"
)
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="chec-tests-"))

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
