// A receiver of the helper's webhooks. `npm install standardwebhooks`, then
//   CHECKOUT_ENDPOINT_SECRET=whsec_… node receiver.mjs
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

// While a secret rotates there are two, separated by a comma.
const webhooks = process.env.CHECKOUT_ENDPOINT_SECRET.split(",").map((secret) => new Webhook(secret));
const last = new Map(); // in your database: the last sequence of each customer

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

function handle(event) {
  const customer = event.customer.reference ?? event.customer.checkout;
  // Sent at least once: what was seen already changes nothing.
  if (event.sequence <= (last.get(customer) ?? 0)) return console.log(`again ${event.type} ${event.sequence}`);
  last.set(customer, event.sequence);
  // Write event.entitlements.items into your own database: it is all that this customer may use now.
  console.log(`took ${event.type} ${event.sequence}`);
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    // The bytes as they came: parsed and written again they would be others.
    const event = verified(Buffer.concat(pieces).toString("utf8"), request.headers);
    if (event) handle(event);
    response.writeHead(event ? 204 : 401).end();
  });
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listens on http://127.0.0.1:${server.address().port}`);
});
