/** What is bought: an id of the helper's catalog and how many. Prices are the helper's. */
export interface Item {
  priceId: string;
  quantity?: number;
}

export interface Settings {
  displayMode?: "overlay" | "inline";
  /** With `inline`: an element or a selector. */
  target?: Element | string;
  theme?: "light" | "dark" | "auto";
  /** A BCP 47 tag; the page's language if not said. */
  locale?: string;
  /** How the provider's page is shown. */
  payment?: "redirect" | "frame" | "popup";
  showAddDiscounts?: boolean;
  allowQuantity?: boolean;
}

export interface Options {
  items?: Item[];
  customer?: { email?: string; address?: { countryCode?: string; postalCode?: string } };
  discountCode?: string;
  /** Where the buyer goes after paying: an address on an allowed origin. */
  successUrl?: string;
  /** Your own notes, given back with the order: up to 20 texts of up to 500 characters. */
  customData?: Record<string, string>;
  /** The same. */
  metadata?: Record<string, string>;
  clientReferenceId?: string;
  settings?: Settings;
  appearance?: { theme?: "light" | "dark"; variables?: Record<string, string> };
}

/** Minor units: 2900 EUR is 29.00 euros. */
export interface Money {
  amount: number;
  currency: string;
}

/** An open checkout. It resolves once the server says "paid", and rejects if it ends without. */
export interface Handle extends Promise<unknown> {
  close(): void;
  unmount(): void;
  destroy(): void;
  update(change: Partial<Options>): Promise<void>;
}

/** Why a checkout ended without a payment, or a call failed. */
export interface Problem {
  code: string;
  message?: string;
}

/** More may come: ignore what you do not know. */
export type EventName =
  | "checkout.loaded"
  | "checkout.opened"
  | "checkout.updated"
  | "checkout.items.updated"
  | "checkout.quote.updated"
  | "checkout.quote.expired"
  | "checkout.price_changed"
  | "checkout.discount.applied"
  | "checkout.discount.removed"
  | "checkout.payment.initiated"
  | "checkout.redirect"
  | "checkout.status"
  | "checkout.payment.failed"
  | "checkout.completed"
  | "checkout.error"
  | "checkout.closed"
  | (string & {});

export type Listener = (event: CustomEvent) => void;

export interface Api {
  readonly version: string;
  /** Settings for every checkout; may be called again. */
  initialize(options: { helper?: string; settings?: Settings }): Api;
  Initialize: Api["initialize"];
  init: Api["initialize"];
  /** Opens the overlay, or gives the one that is open. */
  open(options?: Options): Handle;
  /** Puts an inline checkout into an element. */
  mount(target: Element | string, options: Options): Handle;
  update(change: Partial<Options>): Promise<void> | undefined;
  updateCheckout: Api["update"];
  updateItems(items: Item[]): Promise<void> | undefined;
  close(): void;
  isOpen(): boolean;
  on(name: EventName, listener: Listener): void;
  off(name: EventName, listener: Listener): void;
  once(name: EventName, listener: Listener): void;
  /** Loads what an overlay needs. */
  preload(): Promise<unknown>;
  /** A quote, without opening anything. */
  preview(request: Pick<Options, "items" | "customer" | "discountCode">): Promise<unknown>;
  /** Says in words what keeps the checkout from working on this page. */
  diagnose(): Promise<unknown>;
}

export const Checkout: Api;
export const initialize: Api["initialize"];
export const open: Api["open"];

declare global {
  interface Window {
    Checkout: Api;
  }
}
