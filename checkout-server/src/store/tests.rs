//! The fold on a real database: every order of arrival, every repeat, one result (G14–G16).

mod catalogs;
mod copies;
mod orders;
mod storm;
mod strangers;
mod threads;
mod time;
mod upgrades;
mod world;
