//! The promises, in the order of their numbers, and what proves each.

use super::Guarantee;
use super::Proof::{self, Run, Story};

const fn promise(number: &'static str, promise: &'static str, proofs: &'static [Proof]) -> Guarantee {
    Guarantee { number, promise, proofs }
}

/// All of them.
pub const GUARANTEES: &[Guarantee] = &[
    promise("G1", "What was acknowledged survives the death of the process at any instant.", &[Run("kills")]),
    promise("G2", "It survives a power cut, where the disk keeps what it was told to sync.", &[Run("power")]),
    promise("G2b", "It survives a death at every named step.", &[Run("points")]),
    promise(
        "G2c",
        "A migration that is interrupted anywhere is finished at the next start; databases of earlier releases open.",
        &[Run("migrations"), Story("store::tests::upgrades::what_each_earlier_release_kept_is_there_and_gives_access")],
    ),
    promise(
        "G2d",
        "On a disk that is full, read-only or sick nothing is acknowledged that is not kept; it recovers without a \
         restart, or ends where the disk can no longer be believed.",
        &[Run("disk"), Story("commands::process::a_disk_that_takes_no_more_is_told_at_readyz_and_by_refusals")],
    ),
    promise(
        "G2e",
        "A backup that was taken under load can be restored to a state that was.",
        &[
            Run("backup"),
            Story("store::tests::copies::a_restored_database_repeats_no_number_and_no_call_and_asks_first"),
        ],
    ),
    promise("G2f", "A stop finishes what was begun, and loses and refuses nothing of it.", &[Run("stops")]),
    promise(
        "G3",
        "One key has one answer, across restarts.",
        &[
            Run("kills"),
            Story("http::idempotency::the_same_key_gives_the_same_bytes_after_a_restart_too"),
            Story("http::bad_input::idempotency::a_key_that_comes_back_after_a_week_is_replayed_while_its_order_lives"),
        ],
    ),
    promise(
        "G4",
        "Callers with one key at once make one call to the provider.",
        &[
            Story("http::idempotency::a_hundred_at_once_make_one_session"),
            Story("http::overload::a_hundred_callers_with_one_key_are_all_served"),
        ],
    ),
    promise(
        "G5",
        "At most one payment page is revealed for an order, and its creation is sent three times at most.",
        &[
            Run("kills"),
            Story("http::idempotency::a_lost_answer_is_asked_for_again_with_the_same_key_and_one_page_is_revealed"),
            Story("http::idempotency::an_order_whose_answers_are_always_lost_ends_after_three_sends"),
        ],
    ),
    promise(
        "G6",
        "A call that moves money is sent once: where its result is unknown it is looked up, then finished or flagged.",
        &[
            Run("kills"),
            Story("healing::refunds::whatever_becomes_of_the_answer_each_intent_has_at_most_one_effect"),
            Story("healing::refunds::a_provider_that_stays_silent_is_asked_what_it_did_and_told_nothing_twice"),
        ],
    ),
    promise(
        "G7",
        "Two payments for one order are noticed, and give access once.",
        &[
            Story("http::webhooks::two_payments_for_one_order_are_counted"),
            Story("checkout::tests::two_payments_for_one_order_are_noticed"),
        ],
    ),
    promise(
        "G8",
        "A page never sets a price, a product or an address to return to.",
        &[
            Story("http::prices::a_tampered_cart_never_reaches_the_provider"),
            Story("http::bad_input::cart::carts_that_nobody_sells"),
            Story("http::bad_input::text::addresses_to_return_to"),
        ],
    ),
    promise(
        "G9",
        "Money is whole minor units: no sum wraps, rounds or mixes currencies.",
        &[
            Story("money::tests::a_sum_is_exact_or_refused"),
            Story("money::tests::a_product_is_exact_or_refused"),
            Story("http::prices::catalog_quote_session_and_payment_agree_in_every_kind_of_currency"),
        ],
    ),
    promise(
        "G10",
        "What was paid is compared with what was ordered; anything else is reviewed and gives nothing.",
        &[Story("http::webhooks::the_wrong_amount_currency_or_product_is_reviewed_and_never_paid")],
    ),
    promise(
        "G11",
        "The widget goes on after a reload, a closed tab, or a lost connection: no second order, no second payment.",
        &[
            Story("browser::faults::table::reloaded_at_any_step"),
            Story("browser::faults::table::closed_at_any_step_and_opened_again"),
            Story("browser::faults::table::a_second_tab_does_the_same"),
            Story("browser::faults::table::pressed_twice_at_any_step"),
            Story("browser::faults::table::offline_and_online_again"),
            Story("browser::faults::killed::a_helper_that_is_killed_while_it_makes_the_order_makes_it_once"),
        ],
    ),
    promise(
        "G12",
        "Nothing is read that was not signed, by the bytes as they came, within five minutes.",
        &[
            Story("signature::tests::our_signatures_are_those_of_the_reference_library"),
            Story("http::bad_input::webhook::signatures_that_are_none_are_answered_alike"),
            Story("http::bad_input::webhook::times_that_are_none_and_times_that_are_far"),
        ],
    ),
    promise("G13", "A webhook is acknowledged once it is on the disk, known or not.", &[Run("kills"), Run("power")]),
    promise(
        "G14",
        "Whatever is repeated or reordered, each change has its effects once.",
        &[Run("kills"), Story("store::tests::storm::a_hundred_deliveries_of_each_of_a_thousand_notices_are_told_once")],
    ),
    promise(
        "G15",
        "The order in which notices come does not matter.",
        &[
            Story("store::tests::orders::every_order_of_every_life_gives_the_same_rows"),
            Story("event::subscription::tests::every_order_of_every_life_gives_one_subscription"),
        ],
    ),
    promise("G16", "What is stored is the fold of what came; `verify` shows it.", &[Run("kills"), Run("soak")]),
    promise(
        "G17",
        "What is late, or not known to this version, is kept and widens no access.",
        &[
            Story("http::provider_events::what_nobody_knows_is_kept_acknowledged_and_widens_nothing"),
            Story("event::subscription::tests::what_is_late_does_not_reopen_anything"),
            Story("store::tests::strangers::a_state_that_nobody_knows_extends_nothing"),
        ],
    ),
    promise(
        "G18",
        "After any silence of the provider one sweep brings the state to the provider's.",
        &[Story("healing::silence::thirty_silent_days_are_healed_by_one_sweep")],
    ),
    promise(
        "G19",
        "Access is read from the local store, whether or not the provider answers.",
        &[Story("http::entitlements::access_is_read_while_the_provider_is_down")],
    ),
    promise(
        "G20",
        "What time changes is changed by time alone, to the second.",
        &[
            Story("store::tests::time::a_change_comes_to_the_second"),
            Story("http::entitlements::time_alone_changes_access_to_the_second"),
        ],
    ),
    promise("G21", "A clock that steps by an hour loses, doubles and reorders nothing.", &[Run("clock")]),
    promise(
        "G22",
        "Each message arrives, or is seen to have been given up after 75 hours.",
        &[
            Run("kills"),
            Story("outbox::storm::nothing_is_lost_or_overtaken_while_a_third_fails_and_the_helper_restarts"),
            Story("outbox::retries::what_fails_is_tried_ten_times_in_75_hours_and_then_given_up_where_it_is_seen"),
        ],
    ),
    promise(
        "G23",
        "Each customer's messages arrive in order and without a gap, and hold up nobody else's.",
        &[Run("kills"), Story("outbox::order::each_customer_hears_in_order_and_one_that_fails_holds_up_nobody_else")],
    ),
    promise(
        "G24",
        "What is refused for good is parked and can be sent again; an endpoint that is gone is told nothing more.",
        &[
            Story("outbox::refused::what_is_refused_is_parked_after_three_tries_and_its_line_goes_on"),
            Story("outbox::refused::an_endpoint_that_is_gone_is_disabled_at_once_and_its_messages_wait"),
        ],
    ),
    promise(
        "G25",
        "A secret can be changed at any moment.",
        &[Story("outbox::rotation::a_consumer_may_switch_at_any_moment_while_both_secrets_are_in_force")],
    ),
    promise("G26", "Two helpers on one PostgreSQL.", &[]),
    promise("G27", "Usage arrives at the provider exactly.", &[]),
    promise(
        "G28",
        "A buyer gets one mail for each cause, and none about what is mended already.",
        &[
            Run("kills"),
            Story("mail::arriving::all_five_mails_arrive_once_however_often_the_provider_tells"),
            Story("mail::overtaken::a_payment_that_was_made_good_is_not_complained_about"),
        ],
    ),
    promise(
        "G29",
        "Too many orders are refused quickly and take nothing from webhooks and readers.",
        &[Story("http::overload::orders_are_shed_quickly_and_take_nothing_from_the_rest")],
    ),
    promise(
        "G30",
        "Slow clients starve nobody.",
        &[
            Story("http::transport::who_keeps_the_helper_waiting_is_closed_in_time"),
            Story("http::transport::a_full_table_makes_room_for_a_quick_client"),
        ],
    ),
    promise("G31", "No request ends the process.", &[Story("http::problems::every_code_is_met_at_a_public_door")]),
    promise(
        "G32",
        "A provider that is slow or cut off harms nobody else.",
        &[Run("network"), Story("http::overload::a_provider_that_takes_half_a_minute_harms_nobody_else")],
    ),
    promise("G33", "Memory, descriptors and the database's log do not grow.", &[Run("soak")]),
    promise("G34", "It is ready at once after a restart, whatever waits.", &[Run("restart")]),
    promise("G35", "SQLite and PostgreSQL give the same answers.", &[]),
    promise("G36", "Old notices are purged and no promise breaks.", &[]),
];
