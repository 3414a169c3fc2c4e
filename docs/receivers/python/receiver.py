"""A receiver of the helper's webhooks. `pip install standardwebhooks`, then
CHECKOUT_ENDPOINT_SECRET=whsec_… python receiver.py
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

# While a secret rotates there are two, separated by a comma.
WEBHOOKS = [Webhook(secret) for secret in os.environ["CHECKOUT_ENDPOINT_SECRET"].split(",")]
TAKEN = set()  # in your database: each webhook-id, written with what you do about it
ACCESS = {}  # in your database: each customer's entitlements, with their version


def verified(body, headers):
    """The event, or None where no secret fits or the signature is older than five minutes."""
    for webhook in WEBHOOKS:
        try:
            return webhook.verify(body, headers)
        except WebhookVerificationError:
            pass  # perhaps the other secret
    return None


def handle(id, event):
    # Sent at least once: what was taken already changes nothing. Its id tells, not its sequence: a message
    # that you refused and that is sent again comes after higher ones, and is new to you.
    if id in TAKEN:
        print("again", event["type"], event["sequence"], flush=True)
        return
    TAKEN.add(id)
    customer = event["customer"]["reference"] or event["customer"]["checkout"]
    # All that this customer may use, as it was then: an older message does not overwrite what is newer.
    entitlements = event["entitlements"]
    if customer not in ACCESS or entitlements["version"] >= ACCESS[customer]["version"]:
        ACCESS[customer] = entitlements
    print(f"took {event['type']} {event['sequence']}, access of version {ACCESS[customer]['version']}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        # The bytes as they came: parsed and written again they would be others.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        event = verified(body, {name.lower(): value for name, value in self.headers.items()})
        if event is not None:
            handle(self.headers["webhook-id"], event)
        self.send_response(204 if event is not None else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Receiver)
    print(f"listens on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
