//! The settings of a helper in the proof: every limit that counts people is wide, because all of them come
//! from this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{ENDPOINT, OPERATOR_KEY, PROVIDER_KEY, SECRET_KEY, SHOP, WEBHOOK_SECRET, World, catalog_file};

/// Writes them into the world's folder, and gives what belongs into the environment.
pub(super) fn write(world: &World) -> Vec<(String, String)> {
    let path = world.settings();
    fs::write(&path, text(world)).expect("the folder takes a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let secrets = world.merchant.secrets();
    let secret = secrets.first().map(checkout_server::signature::SigningSecret::reveal).unwrap_or_default();
    [
        ("DODO_PAYMENTS_API_KEY", PROVIDER_KEY),
        ("DODO_PAYMENTS_WEBHOOK_KEY", WEBHOOK_SECRET),
        ("CHECKOUT_SECRET_KEY", SECRET_KEY),
        ("CHECKOUT_OPERATOR_KEY", OPERATOR_KEY),
        ("CHECKOUT_ENDPOINT_SHOP_SECRET", &secret),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn text(world: &World) -> String {
    let rates = ["quotes", "free_orders", "orders", "failed_payments", "wrong_codes", "shop_orders"];
    let more = ["shop_failed_payments", "shop_wrong_codes", "status_reads"];
    let wide = rates
        .iter()
        .chain(&more)
        .fold(String::new(), |wide, name| format!("{wide}{name} = {{ burst = 1000000, per_minute = 1000000 }}\n"));
    format!(
        "public_url = \"{door}\"\nallowed_origins = [\"{SHOP}\"]\ncatalog = \"{catalog}\"\n\
         [provider]\napi_url = \"{provider}\"\ncheckout_url = \"{sandbox}\"\n\
         [limits]\n{wide}\
         [mail]\nfrom = \"billing@fernway.example\"\nshop_name = \"Fernway\"\nsmtp = \"{mail}\"\n\
         [[endpoint]]\nname = \"{ENDPOINT}\"\nurl = \"{merchant}\"\nreach = \"this_machine\"\n",
        door = world.door.url(),
        catalog = catalog_file().display(),
        provider = world.provider.url(),
        sandbox = world.sandbox_url,
        mail = world.mail.address(),
        merchant = world.merchant.url(),
    )
}
