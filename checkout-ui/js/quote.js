/** Questions for a price, in the one form that wasm asks in as well (api.rs). */

/** Asks what `{items, discountCode?, customer?}` costs: `{body, response}`. */
export const ask = ({ helper }, { items, discountCode, customer }) => {
  const { countryCode, postalCode } = customer?.address ?? {};
  const body = JSON.stringify({
    items: items.map(({ priceId, quantity = 1 }) => ({ price_id: priceId, quantity })),
    discount_code: discountCode,
    customer: countryCode ? { country: countryCode, postal_code: postalCode } : undefined,
  });
  const headers = { "content-type": "application/json" };
  return { body, response: fetch(helper + "/v1/quotes", { method: "POST", headers, body }) };
};

/** The first quote, for where the browser's language is spoken; used if it is still what is asked. */
export const early = ({ config, items }) => {
  if (!items) return;
  const { body, response } = ask(config, { items, customer: { address: { countryCode: navigator.language.slice(3) } } });
  return { body, response: response.catch(() => {}) }; // wasm asks again
};
