//! Mails to buyers, against a mail server of somebody else.

mod arriving;
mod claimed;
mod failing;
mod hostile;
mod mailbox;
mod mending;
mod overtaken;
