"""What coturn computes from the secret that it shares with the API."""

import base64
import hashlib
import hmac
import os


def password(username, secret=None):
    key = os.environ["TURN_SECRET"] if secret is None else secret
    return base64.b64encode(hmac.new(key.encode(), username.encode(), hashlib.sha1).digest()).decode()
