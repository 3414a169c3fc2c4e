//! The named steps at which the proof ends a process (G2b).

/// Every one of them, with what has just been done there. The proof goes through all of them; a test holds
/// this list to the sources.
pub const POINTS: &[(&str, &str)] = &[
    ("order.agreed", "the price is still the price; nothing is claimed"),
    ("order.written", "in the transaction: the claimed key, before the buyer's address"),
    ("order.claimed", "the key is claimed; the provider was not asked"),
    ("order.resumed", "one more send of a claimed key is counted; it was not made"),
    ("order.answered", "the provider has made a session; its address is not stored"),
    ("order.revealed", "the address is stored; nobody was answered"),
    ("order.replayed", "an earlier answer was found for the key"),
    ("order.released", "the provider has refused; the key is free again"),
    ("order.uncounted", "the provider was not there; the send is taken back"),
    ("order.lost", "the provider's answer was lost; the key stays claimed"),
    ("webhook.verified", "the signature fits; nothing is stored"),
    ("webhook.read", "the notice is read; nothing is stored"),
    ("webhook.kept", "in the transaction: the raw notice"),
    ("webhook.stored", "the notice and all that follows from it are committed; nobody was told"),
    ("webhook.told", "whoever watches was told; the provider was not answered"),
    ("fold.payment", "in the transaction: a payment"),
    ("fold.adopted", "in the transaction: a payment and the subscriptions that it paid for"),
    ("fold.checkout", "in the transaction: where a checkout stands"),
    ("fold.subscription", "in the transaction: a subscription"),
    ("fold.refund", "in the transaction: a refund"),
    ("fold.dispute", "in the transaction: a dispute"),
    ("fold.dunning", "in the transaction: whether the provider still tries to collect"),
    ("fold.asked", "in the transaction: a question for the provider"),
    ("fold.joined", "in the transaction: the object; its customer's standing is as it was"),
    ("fold.customer", "in the transaction: the standing; nothing of it is told"),
    ("event.written", "in the transaction: an event, without its messages"),
    ("event.queued", "in the transaction: an event with one of its messages"),
    ("fold.done", "in the transaction: everything that follows from a notice"),
    ("group.begun", "a transaction is begun"),
    ("group.done", "all commands of a group are done; nothing is committed"),
    ("group.committed", "a group is committed; nobody was answered"),
    ("group.answered", "all of a group were answered; the outbox does not know of it"),
    ("wal.copied", "the log of the database was copied into its file"),
    ("outbox.leased", "in the transaction: messages are leased"),
    ("outbox.claimed", "messages are leased; nothing is sent"),
    ("outbox.signed", "a message is signed; nothing is sent"),
    ("outbox.answered", "an endpoint has answered; nobody has judged it"),
    ("outbox.tried", "a try has ended; what becomes of the message is not known"),
    ("outbox.finishing", "what becomes of messages is known and not written"),
    ("outbox.again", "in the transaction: a message that will be tried again, before it is written"),
    ("outbox.parked", "in the transaction: a message that waits for a person, before it is written"),
    ("outbox.dead", "in the transaction: a message that is given up, before it is written"),
    ("outbox.settled", "in the transaction: what became of a message"),
    ("outbox.finished", "what became of a message is written"),
    ("outbox.replayed", "messages are put back into the outbox; whoever asked was not answered"),
    ("endpoint.disabled", "in the transaction: an endpoint that is told nothing more"),
    ("endpoint.revived", "an endpoint's dead messages wait again; it is still disabled"),
    ("endpoint.roused", "an endpoint's waiting messages are due; it is still disabled"),
    ("endpoint.enabling", "in the transaction: an endpoint that is told everything again"),
    ("mail.written", "a mail is written; the mail server has heard nothing"),
    ("mail.sent", "the mail server has taken a mail, or has not; it is not marked"),
    ("mail.marked", "a mail is marked as sent"),
    ("refetch.due", "an object's turn has come; the provider was not asked"),
    ("refetch.answered", "the provider has answered about an object; nothing is stored"),
    ("refetch.kept", "in the transaction: the raw answer; the question is still in the queue"),
    ("refetch.observed", "the answer and all that follows from it are committed; nobody was told"),
    ("refetch.put_off", "the provider did not answer; the question is put off"),
    ("sweep.begun", "a sweep is written down; no list was read"),
    ("sweep.listed", "a page of a list was read; nothing is compared"),
    ("sweep.differs", "a difference was found; nothing is mended"),
    ("sweep.compared", "a page is compared and mended; the sweep does not know of it"),
    ("sweep.page_stored", "the sweep knows how far it is"),
    ("sweep.finished", "a sweep is written down as finished; nobody was told"),
    ("refund.written", "in the transaction: a refund that is planned"),
    ("refund.planned", "a refund is planned; it is nobody's yet to send"),
    ("refund.sending", "a refund is written down as sent; it was not sent"),
    ("refund.answered", "the provider has made a refund; nothing is stored"),
    ("refund.refused", "the provider has refused a refund; nothing is stored"),
    ("refund.lost", "the answer to a refund was lost; nothing is stored"),
    ("refund.late", "a refund was left by whoever planned it; it was not sent"),
    ("refund.found", "a refund whose answer was lost was found; nothing is stored"),
    ("refund.unasked", "a refund whose answer was lost could not be looked for"),
    ("refund.concluded", "what became of a refund is written; nobody was answered"),
    ("time.looked", "somebody looks at the clock"),
    ("time.settled", "in the transaction: one customer for whom it was time"),
    ("time.passed", "what only takes time is committed; nobody was told"),
    ("claim.given", "in the transaction: a guest's checkout is a customer's; the standings are as they were"),
    ("claim.stored", "a claim is committed; nobody was told"),
    ("hand.written", "in the transaction: what a person gave or blocked; the standing is as it was"),
    ("hand.told", "what a person gave or blocked is committed and told; they were not answered"),
    ("hand.lifting", "in the transaction: what a person lifted; the standing is as it was"),
    ("hand.lifted", "what a person lifted is committed and told; they were not answered"),
    ("selling.turned", "the kill switch is stored and not in force"),
    ("start.folder", "the folder is there"),
    ("start.file", "the database's file is there"),
    ("start.opened", "the database is open, with the tables that it had"),
    ("start.migrated", "the tables are up to date"),
    ("start.bound", "the addresses are ours; the database is not open"),
    ("start.resumed", "everything is put together; nobody is served"),
    ("start.serving", "everybody is served; nobody was told where"),
    ("stop.heard", "the signal to stop was heard"),
    ("stop.told", "everybody was told to stop"),
    ("stop.drained", "everything has ended; the process has not"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// The names in every `crash_point(…)` below that folder, and how often each is there.
    fn called(folder: &Path, names: &mut BTreeMap<String, usize>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Where they are made, and this list.
            if path.ends_with("fault") {
                continue;
            }
            if path.is_dir() {
                called(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("crash_point(").skip(1).filter_map(|rest| rest.split(')').next()) {
                for name in call.split('"').skip(1).step_by(2) {
                    *names.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }

    #[test]
    fn every_step_is_listed_once_and_is_there_once() {
        let mut names = BTreeMap::new();
        called(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
        let listed: BTreeMap<String, usize> = POINTS.iter().map(|(name, _)| ((*name).to_owned(), 1)).collect();
        assert_eq!(listed.len(), POINTS.len(), "a name is listed twice");
        assert_eq!(names, listed);
    }
}
