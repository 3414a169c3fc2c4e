/** The checkout widget. Names here are promises; see docs/ and the changelog. */

/** An amount: `{amount: 2900, currency: "EUR"}` is 29 euros. */
export interface Money {
  /** Integer minor units: cents, yen, fils. */
  amount: number;
  /** ISO 4217. */
  currency: string;
}

/** A line of the cart. Prices never come from the page: only ids and quantities do. */
export interface Item {
  /** The catalog's id, such as `pro_monthly`. */
  priceId: string;
  /** How many; 1 if not said. */
  quantity?: number;
  /** Extras of this line. */
  addons?: { addonId: string; quantity?: number }[];
}

/** What is known of the buyer. */
export interface Customer {
  email?: string;
  address?: { countryCode?: string; postalCode?: string };
}

/** How the checkout looks and works. */
export interface Settings {
  /** `overlay` if not said; `inline` needs a `target`. */
  displayMode?: "overlay" | "inline";
  /** The element that an inline checkout is put into. */
  target?: Element;
  /** `auto` follows the page's own `color-scheme`. */
  theme?: "light" | "dark" | "auto";
  /** A BCP 47 tag, or `auto` for the browser's. */
  locale?: string;
  /** Where the card is entered: on the provider's page (`redirect`, the default), in a frame, in a window. */
  payment?: "redirect" | "frame" | "popup";
  /** Whether a discount code may be typed; true if not said. */
  showAddDiscounts?: boolean;
  /** Whether quantities may be changed; true if not said. */
  allowQuantity?: boolean;
}

/** What is bought, by whom, and what happens then. */
export interface Options {
  items?: Item[];
  customer?: Customer;
  /**
   * Who is signed in: a token that your server got from `POST /v1/customer-tokens`, good for minutes. Its
   * e-mail address fills in the field; the order belongs to that customer. It is stored nowhere, so a
   * page gives it again after a reload. Where it has expired, `checkout.error` says `customer_token_invalid`.
   */
  customerToken?: string;
  discountCode?: string;
  /** Given back with the order: at most 20 pairs. `metadata` is the same. */
  customData?: Record<string, string>;
  metadata?: Record<string, string>;
  /** Your own name of the buyer or order, given back as `customData.client_reference_id`. */
  clientReferenceId?: string;
  /** Where the buyer goes after paying: on an allowed origin; this page if not said. */
  successUrl?: string;
  settings?: Settings;
  appearance?: {
    theme?: "light" | "dark" | "auto";
    /** `colorPrimary` sets `--checkout-color-primary`, and so on. */
    variables?: Record<string, string>;
  };
  onLoaded?(data: unknown): void;
  onClose?(data: unknown): void;
  /** Once for every checkout, when the server has confirmed the payment. `onSuccess` is the same. */
  onComplete?(data: Outcome): void;
  onSuccess?(data: Outcome): void;
  onError?(data: Problem): void;
  onEvent?(event: CheckoutEvent): void;
}

/** How a checkout stands, by the server. */
export interface Outcome {
  checkoutId: string;
  status: "open" | "processing" | "paid" | "fulfilled" | "failed" | "canceled" | "expired" | "needs_review";
  total: Money;
}

/**
 * What went wrong. Branch on `code`, show `message`. Codes of the helper are listed in its documentation;
 * a challenge (`challenge_required`) is solved by the widget itself and told only when that failed.
 */
export interface Problem {
  code: string;
  message?: string;
  requestId?: string;
}

/** What happened. New names may come: ignore those that you do not know. */
export type EventName =
  | "checkout.opened"
  | "checkout.loaded"
  | "checkout.updated"
  | "checkout.items.updated"
  | "checkout.discount.applied"
  | "checkout.discount.removed"
  | "checkout.quote.updated"
  | "checkout.quote.expired"
  | "checkout.price_changed"
  | "checkout.payment.initiated"
  | "checkout.payment.failed"
  | "checkout.redirect"
  | "checkout.status"
  | "checkout.completed"
  | "checkout.error"
  | "checkout.fallback"
  | "checkout.closed"
  | (string & {});

/** One event. In the DOM it is a `CustomEvent` that bubbles, with colons for dots, and this as its own members. */
export interface CheckoutEvent {
  name: EventName;
  data: any;
}

/** An open checkout. Awaiting it waits for the server's confirmation, and rejects with a {@link Problem}. */
export interface Handle extends Promise<Outcome> {
  close(): void;
  unmount(): void;
  destroy(): void;
  update(change: Pick<Options, "items" | "customer" | "discountCode">): Promise<void>;
}

/** Settings of the whole page. */
export interface Config {
  /** The helper's origin; that of the script if not said. */
  helper?: string;
  settings?: Settings;
  eventCallback?(event: CheckoutEvent): void;
}

type Listener = (event: CustomEvent & CheckoutEvent) => void;

export interface CheckoutApi {
  readonly version: string;
  /** Sets what is given and leaves the rest: call it as often as you like. */
  initialize(config: Config): CheckoutApi;
  Initialize(config: Config): CheckoutApi;
  init(config: Config): CheckoutApi;
  /** Opens the overlay; while one is open, gives that one. */
  open(options: Options, trigger?: HTMLElement): Handle;
  /** Puts an inline checkout into an element. */
  mount(target: Element, options: Options): Handle;
  /** Changes the open overlay. */
  update(change: Pick<Options, "items" | "customer" | "discountCode">): Promise<void> | undefined;
  updateCheckout(change: Pick<Options, "items" | "customer" | "discountCode">): Promise<void> | undefined;
  updateItems(items: Item[]): Promise<void> | undefined;
  close(): void;
  isOpen(): boolean;
  on(name: EventName, listener: Listener, options?: AddEventListenerOptions): void;
  once(name: EventName, listener: Listener): void;
  off(name: EventName, listener: Listener): void;
  /** Fetches everything now rather than on intent; resolves when the WebAssembly is there. */
  preload(): Promise<unknown>;
  /** What a cart costs, as the helper answers `POST /v1/quotes`. */
  preview(request: Pick<Options, "items" | "customer" | "discountCode">): Promise<any>;
  /** What may keep a checkout from working on this page, in words. */
  diagnose(): Promise<{ code: string; ok: boolean; message: string }[]>;
}

export const Checkout: CheckoutApi;
export const initialize: CheckoutApi["initialize"];
export const open: CheckoutApi["open"];

declare global {
  interface Window {
    Checkout: CheckoutApi;
  }
  interface HTMLElementTagNameMap {
    /** A link to the payment page that opens the overlay. Attributes: `price-id`, `quantity` or `items`, `customer-token`, … */
    "checkout-button": HTMLElement;
    /** The checkout in the page itself. The same attributes. */
    "checkout-inline": HTMLElement & { options?: Options; handle?: Handle };
  }
}
