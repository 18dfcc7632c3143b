"""How to sign a call of the sales API from a shell: shown on the key page and in the documentation."""

from __future__ import annotations

PLACEHOLDER = "whsec_…"
SETTINGS = """\
URL={url}
KEY={key}
SECRET={secret}
SOLD_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ)
BODY='{{"sales":[{{"order_id":"1042","code":"{code}","amount":"49.90","currency":"{currency}","sold_at":"'$SOLD_AT'"}}]}}'
"""
SIGN_AND_SEND = """\
ID=msg_$(openssl rand -hex 12)
NOW=$(date +%s)
HEX=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=v1,$(printf '%s.%s.%s' "$ID" "$NOW" "$BODY" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$HEX" -binary | openssl base64 -A)
curl -sS --fail-with-body "$URL/api/v1/sales" -H 'Content-Type: application/json' \\
  -H "Samverk-Key: $KEY" -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" \\
  -H "webhook-signature: $SIGNATURE" --data-binary "$BODY"
"""


def settings(*, url: str, key: str, secret: str = PLACEHOLDER, code: str = "AINO27", currency: str = "EUR") -> str:
    """The first half of the script: what differs from caller to caller."""
    return SETTINGS.format(url=url, key=key, secret=secret, code=code, currency=currency)


def script(*, url: str, key: str, secret: str = PLACEHOLDER, code: str = "AINO27", currency: str = "EUR") -> str:
    """The whole script."""
    return settings(url=url, key=key, secret=secret, code=code, currency=currency) + SIGN_AND_SEND
