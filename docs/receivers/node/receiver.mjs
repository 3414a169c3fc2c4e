// A receiver of the helper's webhooks. `npm install standardwebhooks`, then
//   CHECKOUT_ENDPOINT_SECRET=whsec_… node receiver.mjs
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

// While a secret rotates there are two, separated by a comma.
const webhooks = process.env.CHECKOUT_ENDPOINT_SECRET.split(",").map((secret) => new Webhook(secret));
const taken = new Set(); // in your database: each webhook-id, written with what you do about it
const access = new Map(); // in your database: each customer's entitlements, with their version

/** The event, or undefined where no secret fits or the signature is older than five minutes. */
function verified(body, headers) {
  for (const webhook of webhooks) {
    try {
      return webhook.verify(body, headers);
    } catch {
      // Perhaps the other secret.
    }
  }
}

function handle(id, event) {
  // Sent at least once: what was taken already changes nothing. Its id tells, not its sequence: a message
  // that you refused and that is sent again comes after higher ones, and is new to you.
  if (taken.has(id)) return console.log(`again ${event.type} ${event.sequence}`);
  taken.add(id);
  const customer = event.customer.reference ?? event.customer.checkout;
  // All that this customer may use, as it was then: an older message does not overwrite what is newer.
  const { version } = event.entitlements;
  if (version >= (access.get(customer)?.version ?? 0)) access.set(customer, event.entitlements);
  console.log(`took ${event.type} ${event.sequence}, access of version ${access.get(customer).version}`);
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    // The bytes as they came: parsed and written again they would be others.
    const event = verified(Buffer.concat(pieces).toString("utf8"), request.headers);
    if (event) handle(request.headers["webhook-id"], event);
    response.writeHead(event ? 204 : 401).end();
  });
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listens on http://127.0.0.1:${server.address().port}`);
});
