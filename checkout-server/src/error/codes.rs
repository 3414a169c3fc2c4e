//! The table of codes: what a caller can be refused with, why it happens, and what helps. From it
//! come `GET /problems/{code}`, `docs/problems.md` and the statuses of the OpenAPI document.
//!
//! A line has the variant, the code on the wire, the HTTP status, `retryable` where the very same
//! request can work later, and three texts: the title is for whoever reads the answer, cause and
//! cure are for a developer in a hurry. A code is never renamed and never reused.

codes! {
    // The request as a whole.

    BadHost bad_host 400
        "The request has no usable Host header."
        "HTTP/1.1 needs exactly one Host header, and there was none, or two."
        "Send the helper's own name as Host. Every HTTP client does, unless it was told otherwise."
    UnknownHost unknown_host 421
        "This server does not answer for that host name."
        "The Host header, or an absolute request target, names another server than public_url."
        "Set public_url to the address that callers use, and let the proxy pass the Host header on."
    PathInvalid path_invalid 400
        "The address is not valid."
        "The path holds a percent sign that escapes nothing, or bytes that are not UTF-8."
        "Percent-encode the path (RFC 3986). In JavaScript: encodeURIComponent(id)."
    NotFound not_found 404
        "There is nothing here."
        "There is no such address, or no such thing, or the secret that you sent is not that thing's; all are answered alike."
        "Check the path against docs/api.md, and that the id and its client_secret belong together."
    LinkBroken link_broken 404
        "This link is not complete, or was changed on its way. Open it once more from the mail, or copy all of it."
        "A link in a mail about a failed payment was cut off or typed, or it is another helper's."
        "Open the whole link of the mail. The one who got it can also answer that mail and ask the shop."
    LinkExpired link_expired 410
        "This link has expired. Ask the shop for help by answering the mail that it came with."
        "Links in mails about a failed payment work for thirty days."
        "Answer the mail, or let the shop send the buyer to the provider's customer portal."
    MethodNotAllowed method_not_allowed 405
        "This address does not take that method."
        "The path exists, but not for this HTTP method."
        "Use a method that the Allow header of the answer names."
    UnsupportedMediaType unsupported_media_type 415
        "Send application/json in UTF-8."
        "The Content-Type is missing, is another one, or names another charset."
        "Send the header Content-Type: application/json."
    UnsupportedEncoding unsupported_encoding 415
        "Send the body without Content-Encoding."
        "The body came compressed, and the helper unpacks nothing."
        "Turn off compression of requests in your HTTP client."
    BodyTooLarge body_too_large 413
        "The body is larger than this address takes."
        "JSON may have 64 KiB, a form 16 KiB, a webhook 256 KiB."
        "Send less: a cart has at most twenty lines, custom_data twenty pairs."
    BodyTimeout body_timeout 408 retryable
        "The body did not arrive in time."
        "The headers came, and the body was not there ten seconds later."
        "Send it again. If it happens often, look at the proxy between you and the helper."
    BodyMalformed body_malformed 400
        "The body did not arrive whole."
        "The connection ended early, or the framing of the body (chunks, lengths) is broken or ambiguous."
        "Let an HTTP client write the request; do not set Content-Length or Transfer-Encoding by hand."

    // Who may.

    Unauthorized unauthorized 401
        "This needs a key that was not sent, or is not the right one."
        "The route is for your server or for operators, and Authorization: Bearer held no key, or not this helper's."
        "Send Authorization: Bearer with CHECKOUT_SECRET_KEY (operators: CHECKOUT_OPERATOR_KEY, which must be configured)."
    CustomerTokenInvalid customer_token_invalid 401
        "The customer token is not valid here, or has expired. Ask your server for a new one."
        "Customer tokens live for fifteen minutes at most and are bound to one helper's public_url."
        "Let your server ask POST /v1/customer-tokens for a new one, each time that a page is made."
    OriginNotAllowed origin_not_allowed 403
        "This page's origin is not in the helper's allowed_origins."
        "The Origin header is missing or not listed letter by letter; scheme, host and port all count. A preflight for a method or a header that no route takes is refused in the same way."
        "Add the page's origin, such as https://shop.example.com, to allowed_origins and restart."
    SecretKeyInBrowser secret_key_in_browser 403
        "A secret key was sent from a browser, or where it does not belong. Take it off the page and replace it."
        "The helper's secret key came with headers that only browsers send, in an address, or in another place than Authorization: Bearer. Who reads that page, or the logs on the way, has the key."
        "Replace the key (docs/operations.md), and call this route from your server. Pages need no key at all."
    RateLimited rate_limited 429 retryable
        "Too many attempts came from your network. Wait a little, then try again."
        "One address, page or checkout has used up its budget; failed payments and wrong discount codes weigh more."
        "Wait as long as Retry-After says. If it meets real buyers, check trusted_proxies, then [limits]."
    ChallengeRequired challenge_required 429 retryable
        "Many orders are being made right now. Solve the challenge and send the same request again."
        "A budget is exceeded, so each attempt has to cost its sender some computing."
        "The widget does this by itself. Otherwise find n, and send the same request with Checkout-Proof: {token}:{n}."
    SellingStopped selling_stopped 503 retryable
        "Nothing can be bought here at the moment. Orders that were begun are not affected."
        "An operator has stopped selling."
        "Wait, or start selling again: see docs/operations.md."
    Overloaded overloaded 503 retryable
        "The server has more to do than it can. Try again in a moment."
        "The helper sheds load so that it can finish what it has begun; webhooks and reads have their own room."
        "Send it again after Retry-After. If it lasts, give the helper more of a machine."

    // JSON.

    JsonInvalid json_invalid 400
        "The body is not JSON."
        "It is empty, cut off, not UTF-8, or has what JSON has not: comments, a trailing comma, single quotes, NaN."
        "Let a JSON library write the body. In JavaScript: JSON.stringify(cart)."
    JsonTooDeep json_too_deep 400
        "The JSON is nested too deep."
        "More than sixteen levels; no request of this API has more than five."
        "Send the documented shape only."
    JsonDuplicateKey json_duplicate_key 400
        "The JSON names a field twice."
        "Two readers of such an object may see two different carts, so nobody is asked to guess."
        "Name each field once."
    ObjectExpected object_expected 422
        "An object was expected."
        "There is an array, a text or a number where {…} belongs; the pointer says where."
        "Wrap the values in an object with the documented names."
    UnknownField unknown_field 422
        "A field is not known here. Prices, amounts and customer ids are never taken from the browser."
        "A name is misspelled, or belongs to another route; the pointer says which."
        "Take the field out. What a page may say is in docs/api.md, and prices come from the catalog."
    TypeMismatch type_mismatch 422
        "A field has the wrong type."
        "Such as \"1\", 1.0 or 1e2 where a whole number belongs; the pointer says where."
        "Send the documented type: quantities are plain integers."
    Required required 422
        "A field is missing."
        "A field that is needed is absent or null; the pointer says which."
        "Send the field."
    OutOfRange out_of_range 422
        "A number is out of range."
        "A number is smaller or larger than is allowed; min and max stand beside the pointer where they are known."
        "Stay between them. A price's own limits are in GET /v1/catalog, as quantity."
    TextInvalid text_invalid 422
        "A text holds characters that are not allowed, or is too long."
        "Control characters, characters that turn the direction of text, tag characters, or many combining marks in a row; or more than 4,096 characters (a name: 120)."
        "Send the text as a person would type it."
    FilterInvalid filter_invalid 422
        "A filter has a value that it does not take."
        "A parameter of the query came twice, or names a state, a type, a customer or a time that cannot be; the pointer says which."
        "Send each filter once, with a documented value; times as RFC 3339, such as 2026-11-22T21:00:00Z, with + escaped as %2B."
    UnknownLimit unknown_limit 422
        "There is no such limit."
        "A grant by hand names a limit that nothing in the catalog gives with that name; allowed lists those that there are."
        "Write one of them, or add the limit to the catalog's grants first, so that your server asks for the same name."
    CursorInvalid cursor_invalid 422
        "The cursor is not one of this list."
        "A cursor is bound to its list and to the filters that it was made with; it was cut off, made up, or sent with others."
        "Send next_cursor as it came, with the same filters; to begin again, leave it out."
    CardDataRefused card_data_refused 422
        "That looks like a card number. Card numbers belong on the provider's payment page only."
        "Some field holds 13 to 19 digits that begin like a card's and pass its check digit."
        "Never collect card data yourself. If it is a number of your own, put letters between its digits."

    // The cart.

    CartInvalid cart_invalid 422
        "The cart is not valid."
        "One or more lines are wrong; errors points at each."
        "Mend what errors names."
    CartEmpty cart_empty 422
        "The cart holds nothing."
        "items is an empty list."
        "Send at least one line."
    TooManyItems too_many_items 422
        "The cart holds too many lines."
        "A cart has at most twenty lines: the provider takes no more."
        "Use quantities, or make two orders."
    UnknownProduct unknown_product 422
        "There is no such price."
        "price_id is not in the catalog. It is your own id, such as pro_monthly, not the provider's."
        "Compare with GET /v1/catalog. After a change of catalog.toml, restart the helper."
    UnknownAddon unknown_addon 422
        "That price has no such add-on."
        "addon_id is not among the add-ons of that price."
        "Compare with the price's addons in GET /v1/catalog."
    DuplicateItem duplicate_item 422
        "The cart names something twice."
        "Two lines have the same price_id, or two add-ons of a line the same addon_id."
        "Merge them into one with the sum of their quantities."
    MixedCurrency mixed_currency 422
        "The cart mixes currencies."
        "The lines' prices have no currency in common."
        "Make two orders, or name a currency that all of the prices offer."
    UnsupportedCurrency unsupported_currency 422
        "The cart cannot be paid in that currency."
        "It is no ISO 4217 code in circulation, in upper case; or a price of the cart, or the provider, does not offer it."
        "Leave currency out, or add it to the price's currencies in catalog.toml."
    UnsupportedCountry unsupported_country 422
        "That country is not served, or is not an ISO 3166-1 code such as DE."
        "Country codes have two upper-case letters; the provider does not sell everywhere."
        "Offer the buyer a list of the codes that the widget also uses."
    PostalCodeInvalid postal_code_invalid 422
        "That is not a postal code of that country."
        "In the US it has five digits, or nine with a dash; elsewhere at most 40 characters."
        "Ask the buyer again."
    PostalCodeRequired postal_code_required 422
        "Enter the postal code: the tax depends on it there."
        "In the US the sales tax depends on where exactly the buyer is."
        "Ask for a quote that names customer.postal_code."
    CountryRequired country_required 422
        "The quote names no country; tax depends on it. Ask for a quote with one."
        "A quote without customer.country shows prices before tax and cannot be ordered."
        "Ask for a quote with the country, show its total, then order."
    DiscountInvalid discount_invalid 422
        "That discount code cannot be used for this cart."
        "It is unknown, expired, used up, or for something else; which of these is not told, so that codes cannot be guessed."
        "Look the code up in the provider's dashboard."
    TaxIdInvalid tax_id_invalid 422
        "That tax number is not valid."
        "The provider could not confirm customer.tax_id for that country."
        "Ask the buyer again, or leave it out: the order is then taxed as a private one."
    AmountTooLarge amount_too_large 422
        "The total is more than can be charged."
        "Prices times quantities pass 2^53 - 1 minor units, or what the provider charges at once."
        "Order less at a time."
    AmountTooSmall amount_too_small 422
        "The total is less than the provider charges."
        "Providers have a smallest charge, about 0.50 USD, and the discounted total is below it."
        "Raise the price, or make it free altogether."
    ItemUnavailable item_unavailable 422
        "Something in the cart is no longer sold."
        "The provider has no such product any more, though the catalog names it."
        "Compare catalog.toml with the products in the provider's dashboard."

    UnknownEntitlement unknown_entitlement 422
        "The catalog gives nothing of that name."
        "The name is in no price's grants and in no add-on's adds of the catalog that the helper runs with; did_you_mean has the one that was probably meant."
        "Compare with `checkout-server catalog check`, which lists the names. After a change of catalog.toml, restart the helper."

    // Quotes and orders.

    QuoteInvalid quote_invalid 422
        "The quote was not made by this helper."
        "quote_token was changed, cut off, or made with another secret key."
        "Send the token as POST /v1/quotes gave it. Helpers behind one name need one CHECKOUT_SECRET_KEY."
    QuoteExpired quote_expired 409
        "The quote has expired; here is a new one."
        "A quote holds for fifteen minutes."
        "Show the new quote that came along, and order with its token and a new Idempotency-Key."
    PriceChanged price_changed 409
        "The price has changed; here is the new quote."
        "The provider's price is another one than when the quote was made."
        "Show the new quote that came along, and order with its token and a new Idempotency-Key."
    EmailInvalid email_invalid 422
        "The e-mail address is not valid."
        "It has no domain that mail could reach, or a form that is a mistake in a checkout, such as quotes."
        "Ask the buyer again."
    ReturnUrlNotAllowed return_url_not_allowed 422
        "The return address is not on an allowed origin."
        "success_url is not a plain http(s) address, has a user name in it, or is on an origin that is not in allowed_origins."
        "Use a page of an allowed origin, or leave success_url out: buyers then return to the helper's own page."
    MetadataInvalid metadata_invalid 422
        "custom_data takes up to 20 pairs; keys up to 40 characters, values up to 500; some keys are reserved."
        "There are more pairs or longer texts, or one of the reserved keys: order_id, checkout_id, customer_reference."
        "Keep an id of yours in custom_data, and the rest in your own database."
    UnknownCheckout unknown_checkout 422
        "There is no such checkout to renew."
        "renews names a checkout that this helper does not have."
        "Leave renews out, or send the id of the expired checkout."
    IdempotencyKeyMissing idempotency_key_missing 400
        "Send an Idempotency-Key header, made and kept before the first try."
        "Without a key, a retry after a lost answer would make a second order."
        "Make a random key, such as a UUID, keep it until the order is answered, and send it with every try."
    IdempotencyKeyInvalid idempotency_key_invalid 400
        "An Idempotency-Key is one header of 1 to 255 visible ASCII characters."
        "It is empty, too long, came twice, or holds spaces or letters outside of ASCII."
        "Use a UUID."
    IdempotencyKeyReused idempotency_key_reused 422
        "That Idempotency-Key was used for another request."
        "The same key came with another body."
        "Make a new key for a new order; keep the key only for retries of the very same request."
    IdempotencyInProgress idempotency_in_progress 409 retryable
        "That request is still being worked on."
        "Another request with the same key has been under way for ten seconds."
        "Send the same request again after Retry-After; it then gets the first one's answer."
    OrderClosed order_closed 409
        "That order can no longer be paid."
        "Its payment page has expired, its page could not be made three times, or what it renews is paid or being paid."
        "Ask for a new quote and order with a new Idempotency-Key."
    AlreadySubscribed already_subscribed 409
        "This customer already has that subscription."
        "The provider is set to one subscription for each customer and product."
        "Offer a change of plan instead, or allow several in the provider's dashboard."

    // Money given back.

    PaymentNotRefundable payment_not_refundable 409
        "That payment cannot be given back."
        "It is not paid, or the provider refuses: its time for refunds is over, it is disputed, or refunds in part are not allowed."
        "Look at the payment in the provider's dashboard."
    RefundCurrencyMismatch refund_currency_mismatch 422
        "A payment is given back in the currency in which it was paid."
        "The amount is in another currency than the payment; allowed beside the pointer names the payment's."
        "Write the payment's currency. Amounts are minor units of it: 500 is 5.00 EUR, and 500 JPY."
    RefundNotInReview refund_not_in_review 409
        "Nobody has to decide about this refund."
        "It is under way, was made, or was refused; or somebody has decided already."
        "GET /v1/refunds/{id} says how it stands."
    RefundExceedsPayment refund_exceeds_payment 422
        "That is more than is left of the payment."
        "The amount is more than was paid less what was given back; refunds under way count too."
        "Leave amount out to give back all that is left, or ask for less."

    // The provider, the store, ourselves.

    ProviderUnknown provider_unknown 503 retryable
        "The payment provider's answer did not arrive. Send the same request with the same key again."
        "The provider may have made the payment page, or not. Nothing was charged, and nobody was shown a page."
        "Send the same request with the same Idempotency-Key: it goes on where it stopped."
    ProviderUnavailable provider_unavailable 503 retryable
        "The payment provider cannot be reached right now."
        "It does not answer, is overloaded, or does not take our key; the log says which."
        "Send it again after Retry-After. If it lasts, check DODO_PAYMENTS_API_KEY, the mode, and the provider's status page."
    StorageUnavailable storage_unavailable 503 retryable
        "The request could not be stored. Nothing was charged."
        "The database could not be written or read: a full disk, a lock held by another program, missing rights."
        "Look at the log and at the disk of the data folder, then send the same request again."
    WebhookHeaderMissing webhook_header_missing 400
        "A webhook header is missing, repeated or malformed."
        "webhook-id, webhook-timestamp and webhook-signature must each come once."
        "Only the provider calls this address. Check that no proxy drops or doubles these headers."
    WebhookTimestampOutOfTolerance webhook_timestamp_out_of_tolerance 400
        "The webhook was signed more than five minutes ago or ahead."
        "The clock of this machine is wrong, or an old delivery was sent again without being signed again."
        "Set the clock (NTP). Replay from the provider's dashboard, which signs anew."
    WebhookSignatureInvalid webhook_signature_invalid 401
        "The webhook's signature is not valid."
        "It was signed with a secret that is not configured here, or the body was changed on the way."
        "Copy the endpoint's secret from the provider's dashboard to DODO_PAYMENTS_WEBHOOK_KEY."
    WidgetNotBuilt widget_not_built 503
        "The widget was not built into this executable; run make build."
        "The executable was compiled before dist/widget was there."
        "Run make build, which builds the widget first."
    Internal internal 500 retryable
        "Something went wrong on our side."
        "A bug, or an answer of the provider that nobody has foreseen. The log has the request_id."
        "Send it again once; then report it with the log's line (SECURITY.md if it may be a weakness)."
}
