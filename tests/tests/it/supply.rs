//! What we are made of is what we chose (S16, S18). The tools that look deeper are in `make supply`.

use std::collections::BTreeSet;
use std::fs;

use checkout_tests::in_repository;
use checkout_tests::supply::{PRODUCTS, bill, is_allowed, locked, packages};

fn table(path: &str) -> toml::Table {
    fs::read_to_string(in_repository(path)).unwrap().parse().unwrap()
}

#[test]
fn no_more_packages_come_in_than_the_budget_says() {
    let budget = table("dependencies.budget.toml");
    for product in PRODUCTS {
        let packages = packages(product);
        let shipped = packages.iter().filter(|package| package.shipped).count();
        println!("{}: {shipped} packages inside, {} to build it", product.name, packages.len());
        for (what, count) in [("inside", shipped), ("to_build", packages.len())] {
            let most = budget[product.name][what].as_integer().unwrap();
            let told = format!("{} {what}: {count} of {most}; raise dependencies.budget.toml knowingly", product.name);
            assert!(i64::try_from(count).unwrap() <= most, "{told}");
            assert!(i64::try_from(count).unwrap() + 10 > most, "{told}: or lower it, it is generous");
        }
    }
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let allowed: Vec<String> = table("deny.toml")["licenses"]["allow"].clone().try_into().unwrap();
    for package in PRODUCTS.into_iter().flat_map(packages) {
        assert!(is_allowed(&package.licence, &allowed), "{} {}: {:?}", package.name, package.version, package.licence);
    }
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("MIT/Apache-2.0", true),
        ("(GPL-3.0-only OR MIT) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0 WITH Something-else", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

/// The two rules of deny.toml that can be told from Cargo.lock; `make supply` has cargo-deny look as well.
#[test]
fn what_is_banned_is_not_in_and_everything_comes_from_the_registry() {
    let lock = table("Cargo.lock");
    let field = |package: &toml::Value, name: &str| package.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    let uses = |package: &toml::Value, banned: &str| {
        let named = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        named.filter_map(toml::Value::as_str).any(|used| used.split(' ').next() == Some(banned))
    };
    let packages = lock["package"].as_array().unwrap();
    let bans = table("deny.toml")["bans"]["deny"].as_array().unwrap().clone();
    assert!(!bans.is_empty());
    for ban in &bans {
        let banned = field(ban, "crate").unwrap();
        let wrappers: Vec<String> = ban.get("wrappers").map_or(vec![], |names| names.clone().try_into().unwrap());
        for user in packages.iter().filter(|package| uses(package, &banned)) {
            let name = field(user, "name").unwrap();
            assert!(wrappers.contains(&name), "{name} brings {banned}: {}", field(ban, "reason").unwrap());
        }
    }
    for package in packages {
        let name = field(package, "name").unwrap();
        let source = field(package, "source");
        let is_ours = name.starts_with("checkout-");
        let kept = source.as_deref().is_some_and(|source| source.starts_with("registry+"));
        assert!(if is_ours { source.is_none() } else { kept }, "{name} comes from {source:?}");
    }
}

#[test]
fn the_bills_of_materials_name_every_package_with_the_checksum_of_the_lock_file() {
    let locked = locked();
    for product in PRODUCTS {
        let bill = bill(product);
        let components = bill["components"].as_array().unwrap();
        let named: BTreeSet<String> =
            components.iter().map(|component| component["purl"].as_str().unwrap().to_owned()).collect();
        let mut used = 0;
        for package in packages(product).into_iter().filter(|package| package.name != product.package) {
            used += 1;
            let purl = format!("pkg:cargo/{}@{}", package.name, package.version);
            assert!(named.contains(&purl), "{purl} is not in the bill of the {}", product.name);
            let component = components.iter().find(|component| component["purl"] == purl.as_str()).unwrap();
            let checksum = &locked[&(package.name.clone(), package.version.clone())];
            let own = package.name.starts_with("checkout-");
            assert_eq!(component["hashes"][0]["content"].as_str(), checksum.as_deref(), "{purl}");
            assert!(own || checksum.is_some(), "{purl} comes from no registry");
        }
        assert_eq!((named.len(), components.len()), (used, used), "each once");
    }
}

#[test]
fn our_own_code_is_without_unsafe() {
    let root = table("Cargo.toml");
    assert_eq!(root["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    // The shim stands between a helper and the C library, in the proof alone; nothing depends on it.
    let members = root["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    for member in members.filter(|member| *member != "tests/shim") {
        assert!(!fs::read_to_string(in_repository(format!("{member}/Cargo.toml"))).unwrap().contains("checkout-shim"));
        let lints = &table(&format!("{member}/Cargo.toml"))["lints"];
        assert_eq!(lints["workspace"].as_bool(), Some(true), "{member}");
    }
    let targets = fs::read_to_string(in_repository("fuzz/src/lib.rs")).unwrap();
    assert!(targets.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn the_lock_files_are_kept() {
    let ignored = fs::read_to_string(in_repository(".gitignore")).unwrap();
    assert!(!ignored.lines().any(|line| line.contains("Cargo.lock")));
    for file in ["Cargo.lock", "fuzz/Cargo.lock", "package-lock.json"] {
        assert!(in_repository(file).exists(), "{file}");
    }
}

#[test]
fn what_is_fuzzed_is_what_is_shipped() {
    let (shipped, fuzzed) = (versions("Cargo.lock"), versions("fuzz/Cargo.lock"));
    for (name, version) in &fuzzed {
        let known = shipped.iter().any(|(other, _)| other == name);
        let is_same = shipped.contains(&(name.clone(), version.clone()));
        assert!(
            !known || is_same,
            "{name} {version} is in fuzz/Cargo.lock alone: cargo update there, or copy the version"
        );
    }
    assert!(fuzzed.iter().any(|(name, _)| name == "checkout-server"));
}

fn versions(lock: &str) -> BTreeSet<(String, String)> {
    let field = |package: &toml::Value, name: &str| package[name].as_str().unwrap().to_owned();
    let packages = table(lock)["package"].as_array().unwrap().clone();
    packages.iter().map(|package| (field(package, "name"), field(package, "version"))).collect()
}
