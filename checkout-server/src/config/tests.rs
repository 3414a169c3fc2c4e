use std::os::unix::fs::OpenOptionsExt as _;

use secrecy::ExposeSecret as _;

use super::*;

const MINIMUM: &str = "public_url = \"https://pay.example.com\"\nallowed_origins = []\n";

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "DODO_PAYMENTS_API_KEY" => "canary-provider-key",
        "DODO_PAYMENTS_WEBHOOK_KEY" => "whsec_Y2FuYXJ5LXdlYmhvb2stc2VjcmV0",
        "CHECKOUT_SECRET_KEY" => "canary-secret-key-of-32-characters",
        _ => return None,
    };
    Some(value.to_owned())
}

fn meaning(more: &str) -> Result<Config, ConfigError> {
    Config::meaning(toml::from_str(&format!("{MINIMUM}{more}")).unwrap(), &environment)
}

#[test]
fn the_provider_is_public_or_a_sandbox_on_this_machine() {
    for api in ["https://api.example.com", "http://127.0.0.1:4300", "http://localhost:4300/", "http://[::1]:4300"] {
        assert!(meaning(&format!("[provider]\napi_url = \"{api}\"")).is_ok(), "{api}");
    }
    for api in [
        "http://api.example.com",
        "https://10.0.0.1",
        "http://10.0.0.1:4300",
        "http://169.254.169.254",
        "https://sandbox:4300",
        "https://sandbox.internal",
        "https://key@api.example.com",
        "nonsense",
    ] {
        let error = meaning(&format!("[provider]\napi_url = \"{api}\"")).unwrap_err().to_string();
        assert!(error.starts_with("provider.api_url: it ") && error.contains("http://127.0.0.1"), "{error}");
    }
    let pages = meaning("[provider]\ncheckout_url = \"http://pay.example.com\"").unwrap_err().to_string();
    assert!(pages.starts_with("provider.checkout_url: it has to begin with https://"), "{pages}");
}

#[test]
fn real_money_is_never_sent_to_this_machine() {
    assert!(meaning("[provider]\nmode = \"live\"").is_ok_and(|config| config.live));
    for api in ["http://127.0.0.1:4300", "https://127.0.0.1", "http://localhost:4300", "http://api.example.com"] {
        let error = meaning(&format!("[provider]\nmode = \"live\"\napi_url = \"{api}\"")).unwrap_err();
        assert!(matches!(error, ConfigError::Unusable { setting: "provider.api_url", .. }), "{api}: {error}");
    }
}

#[test]
fn a_secret_that_others_may_read_is_refused_with_the_cure() {
    let folder = std::env::temp_dir().join(format!("checkout-config-{}", crate::random::alphanumeric::<12>()));
    std::fs::create_dir(&folder).unwrap();
    let without_key = |name: &str| (name != "DODO_PAYMENTS_API_KEY").then(|| environment(name)).flatten();
    for (mode, taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o610, false), (0o644, false)]
    {
        let path = folder.join(format!("key-{mode:o}"));
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        std::fs::write(&path, "a provider key\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let written = format!("{MINIMUM}[provider]\nkey_file = \"{}\"", path.display());
        let config = Config::meaning(toml::from_str(&written).unwrap(), &without_key);
        match config {
            Ok(config) => assert!(taken && config.provider_key.expose_secret() == "a provider key", "{mode:o}"),
            Err(error) => {
                let cure = format!("chmod 600 {}", path.display());
                assert!(!taken && error.to_string().contains(&cure), "{mode:o}: {error}");
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn settings_do_not_print_their_secrets() {
    let printed = format!("{:?}", meaning("").unwrap());
    assert!(printed.contains("pay.example.com") && !printed.contains("canary"), "{printed}");
}
