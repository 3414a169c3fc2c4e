//! Where the buyer stands, and what a checkout's status means to them.

use checkout_types::checkout::CheckoutStatus;

/// What the widget shows.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing is known yet.
    Loading,
    /// The order: summary and details.
    Form,
    /// The provider's page in a frame.
    Frame,
    /// What became of the order.
    Status,
    /// Nothing can be sold here now; the text says why, and whether another try may help.
    Broken {
        /// One sentence.
        text: String,
        /// Whether to offer another try.
        retryable: bool,
    },
}

impl Step {
    /// Names the step; two of a name are drawn as one.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Form => "form",
            Self::Frame => "frame",
            Self::Status => "status",
            Self::Broken { .. } => "broken",
        }
    }
}

/// What the address said when the buyer came back. It is unsigned: a hint for the words, no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Not coming back, or without a word.
    #[default]
    Unknown,
    /// From the provider's "pay" button.
    Paid,
    /// The bank refused.
    Refused,
    /// From the provider's "back" link.
    Canceled,
}

impl Arrival {
    /// By the provider's `status`, or our own mark of giving up.
    pub fn read(status: &str, canceled: bool) -> Self {
        match status {
            "succeeded" | "processing" | "active" => Self::Paid,
            "failed" => Self::Refused,
            _ if canceled => Self::Canceled,
            _ => Self::Unknown,
        }
    }
}

/// The picture beside the words; its colour is never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A check mark.
    Good,
    /// A clock.
    Waiting,
    /// An exclamation mark.
    Bad,
}

impl Tone {
    /// As the style sheet calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
        }
    }
}

/// What the buyer can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go to the payment page (again).
    Pay,
    /// Order again, with what was typed.
    Renew,
    /// Close, or go on.
    Done,
    /// Wait.
    Wait,
}

/// What the status view says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The key of its texts: `{key}` is the heading, `{key}_text` the sentence.
    pub key: &'static str,
    /// Its picture.
    pub tone: Tone,
    /// Its button.
    pub next: Next,
}

/// What a status means, given how the buyer came here. Success is the server's word alone.
pub fn standing(status: Option<CheckoutStatus>, arrival: Arrival, slow: bool) -> Standing {
    use CheckoutStatus as S;
    let (key, tone, next) = match (status, arrival) {
        (Some(S::Paid | S::Fulfilled), _) => ("paid", Tone::Good, Next::Done),
        (Some(S::NeedsReview), _) => ("review", Tone::Waiting, Next::Done),
        (Some(S::Expired), _) => ("expired", Tone::Bad, Next::Renew),
        (Some(S::Canceled), _) => ("canceled", Tone::Bad, Next::Renew),
        (Some(S::Failed), _) | (Some(S::Open), Arrival::Refused) => ("failed", Tone::Bad, Next::Pay),
        (Some(S::Processing), _) | (Some(S::Open) | None, Arrival::Paid) => {
            (if slow { "slow" } else { "confirming" }, Tone::Waiting, if slow { Next::Done } else { Next::Wait })
        }
        (Some(S::Open), Arrival::Canceled) => ("unpaid", Tone::Waiting, Next::Pay),
        (Some(S::Open), Arrival::Unknown) => ("open", Tone::Waiting, Next::Pay),
        (None, _) if slow => ("unknown", Tone::Waiting, Next::Done),
        (None, _) => ("looking", Tone::Waiting, Next::Wait),
    };
    Standing { key, tone, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_alone_never_says_paid() {
        for slow in [false, true] {
            for status in [None, Some(CheckoutStatus::Open), Some(CheckoutStatus::Processing)] {
                assert_ne!(standing(status, Arrival::Paid, slow).tone, Tone::Good);
            }
        }
    }

    #[test]
    fn waiting_ends_with_words_and_not_with_a_spinner() {
        let slow = standing(Some(CheckoutStatus::Processing), Arrival::Unknown, true);
        assert_eq!((slow.key, slow.next), ("slow", Next::Done));
    }

    #[test]
    fn what_cannot_be_read_is_not_called_received() {
        assert_eq!(standing(None, Arrival::Unknown, true).key, "unknown");
    }

    #[test]
    fn a_failed_payment_can_be_tried_again_and_an_expired_one_renewed() {
        assert_eq!(standing(Some(CheckoutStatus::Failed), Arrival::Unknown, false).next, Next::Pay);
        assert_eq!(standing(Some(CheckoutStatus::Open), Arrival::Refused, false).key, "failed");
        assert_eq!(standing(Some(CheckoutStatus::Expired), Arrival::Paid, false).next, Next::Renew);
    }
}
