use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

/// Every way that we know of to write an address that is not public, or to hide one.
const REFUSED: [(&str, Forbidden); 84] = [
    // Loopback, in every base and with every part left out that the standard lets one leave out.
    ("https://127.0.0.1/", Forbidden::Address),
    ("https://127.1/", Forbidden::Address),
    ("https://127.0.1/", Forbidden::Address),
    ("https://127.0.0.1:8443/", Forbidden::Address),
    ("https://127.255.255.254/", Forbidden::Address),
    ("https://2130706433/", Forbidden::Address),
    ("https://0x7f000001/", Forbidden::Address),
    ("https://0x7f.1/", Forbidden::Address),
    ("https://0X7F.0X0.0X0.0X1/", Forbidden::Address),
    ("https://0177.0.0.1/", Forbidden::Address),
    ("https://017700000001/", Forbidden::Address),
    ("https://0000000177.0.0.01/", Forbidden::Address),
    ("https://0x7f.0.0.0x1/", Forbidden::Address),
    ("https://127.0.0.1./", Forbidden::Address),
    ("https://%31%32%37.0.0.1/", Forbidden::Address),
    ("https://127%2e0%2e0%2e1/", Forbidden::Address),
    ("https://１２７.0.0.1/", Forbidden::Address),
    ("https://127。0。0。1/", Forbidden::Address),
    ("https://①②⑦.⓪.⓪.①/", Forbidden::Address),
    ("https:127.0.0.1/", Forbidden::Address),
    ("https:/127.0.0.1/", Forbidden::Address),
    ("https:////127.0.0.1/", Forbidden::Address),
    ("HTTPS://127.0.0.1/", Forbidden::Address),
    ("https://0/", Forbidden::Address),
    ("https://0.0.0.0/", Forbidden::Address),
    ("https://0x0/", Forbidden::Address),
    // Private, link-local, metadata.
    ("https://10.0.0.1/", Forbidden::Address),
    ("https://10.1/", Forbidden::Address),
    ("https://167772161/", Forbidden::Address),
    ("https://0xa000001/", Forbidden::Address),
    ("https://012.0.0.1/", Forbidden::Address),
    ("https://172.16.0.1/", Forbidden::Address),
    ("https://0xac.0x1f.0xff.0xff/", Forbidden::Address),
    ("https://192.168.1.1/", Forbidden::Address),
    ("https://192.168.257/", Forbidden::Address),
    ("https://0300.0250.0.1/", Forbidden::Address),
    ("https://3232235777/", Forbidden::Address),
    ("https://169.254.169.254/latest/meta-data/", Forbidden::Address),
    ("https://2852039166/", Forbidden::Address),
    ("https://0xa9fea9fe/", Forbidden::Address),
    ("https://0251.0376.0251.0376/", Forbidden::Address),
    ("https://169.254.43518/", Forbidden::Address),
    ("https://100.64.0.1/", Forbidden::Address),
    ("https://100.100.100.200/", Forbidden::Address),
    ("https://168.63.129.16/", Forbidden::Address),
    ("https://192.0.0.192/", Forbidden::Address),
    ("https://198.18.0.1/", Forbidden::Address),
    ("https://203.0.113.7/", Forbidden::Address),
    ("https://224.0.0.1/", Forbidden::Address),
    ("https://255.255.255.255/", Forbidden::Address),
    // IPv6, and IPv4 inside of it.
    ("https://[::1]/", Forbidden::Address),
    ("https://[0:0:0:0:0:0:0:1]/", Forbidden::Address),
    ("https://[::]/", Forbidden::Address),
    ("https://[::ffff:127.0.0.1]/", Forbidden::Address),
    ("https://[::ffff:7f00:1]/", Forbidden::Address),
    ("https://[::ffff:10.0.0.1]/", Forbidden::Address),
    ("https://[::127.0.0.1]/", Forbidden::Address),
    ("https://[0:0:0:0:0:ffff:a9fe:a9fe]/", Forbidden::Address),
    ("https://[64:ff9b::169.254.169.254]/", Forbidden::Address),
    ("https://[64:ff9b:1::10.0.0.1]/", Forbidden::Address),
    ("https://[2002:7f00:1::]/", Forbidden::Address),
    ("https://[2002:a9fe:a9fe::1]/", Forbidden::Address),
    ("https://[2001::1]/", Forbidden::Address),
    ("https://[2001:db8::1]/", Forbidden::Address),
    ("https://[fd00:ec2::254]/", Forbidden::Address),
    ("https://[fc00::1]/", Forbidden::Address),
    ("https://[fe80::1]/", Forbidden::Address),
    ("https://[fec0::1]/", Forbidden::Address),
    ("https://[ff02::1]/", Forbidden::Address),
    ("https://[fe80::1%25eth0]/", Forbidden::Malformed),
    // Names that lead home.
    ("https://localhost/", Forbidden::Name),
    ("https://LOCALHOST/", Forbidden::Name),
    ("https://ⓛocalhost/", Forbidden::Name),
    ("https://localhost./", Forbidden::Name),
    ("https://shop.localhost/", Forbidden::Name),
    ("https://metadata.google.internal/", Forbidden::Name),
    ("https://printer.local/", Forbidden::Name),
    ("https://intranet/", Forbidden::Name),
    ("https://hooks.example.com./", Forbidden::Name),
    // Who is meant, and how it is spoken to.
    ("https://hooks.example.com@127.0.0.1/", Forbidden::Credentials),
    ("https://user:password@hooks.example.com/", Forbidden::Credentials),
    ("https://@hooks.example.com/", Forbidden::Credentials),
    ("http://hooks.example.com/", Forbidden::Scheme),
    ("https://hooks.example.com:22/", Forbidden::Port),
];

#[test]
fn every_spelling_of_an_address_that_is_not_public_is_refused() {
    for (text, why) in REFUSED {
        assert_eq!(Reach::Public.check(text).map(|url| url.to_string()), Err(why), "{text}");
    }
}

#[test]
fn what_is_no_address_or_of_another_scheme_is_refused() {
    for text in
        ["", "hooks.example.com", "https://", "https://exa mple.com/", "https://a\\@b.example/", "https://a\tb.com/"]
    {
        assert_eq!(Reach::Public.check(text), Err(Forbidden::Malformed), "{text:?}");
    }
    for text in ["ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "gopher://a.example:443/"]
    {
        assert!(Reach::Private.check(text).is_err(), "{text}");
    }
    for port in ["0", "22", "25", "80", "8080", "6379", "65535"] {
        let text = format!("https://hooks.example.com:{port}/");
        assert_eq!(Reach::Public.check(&text), Err(Forbidden::Port), "{text}");
    }
}

#[test]
fn public_addresses_are_taken_as_they_stand() {
    for (text, read) in [
        ("https://hooks.example.com/in?a=b", "https://hooks.example.com/in?a=b"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://HOOKS.Example.com:443", "https://hooks.example.com/"),
        ("https://bücher.example.com/a@b", "https://xn--bcher-kva.example.com/a@b"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
    ] {
        assert_eq!(Reach::Public.check(text).map(|url| url.to_string()).as_deref(), Ok(read));
    }
}

#[test]
fn each_opt_in_opens_what_it_says_and_no_more() {
    assert!(Reach::PublicPlain.check("http://hooks.example.com/").is_ok());
    for text in ["http://hooks.example.com:8080/", "https://hooks.example.com:80/", "http://10.0.0.1/"] {
        assert!(Reach::PublicPlain.check(text).is_err(), "{text}");
    }
    for text in ["http://127.0.0.1:4300", "http://localhost:4300", "http://[::1]:4300", "https://127.1:9/"] {
        assert!(Reach::ThisMachine.check(text).is_ok(), "{text}");
    }
    for text in ["https://hooks.example.com/", "http://10.0.0.1/", "http://a.localhost/", "http://localhost./"] {
        assert!(Reach::ThisMachine.check(text).is_err(), "{text}");
    }
    for text in
        ["http://10.0.0.1:3000/", "http://shop.internal/", "http://localhost:3000/", "https://hooks.example.com/"]
    {
        assert!(Reach::Private.check(text).is_ok(), "{text}");
    }
    for text in ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://user@10.0.0.1/"] {
        assert!(Reach::Private.check(text).is_err(), "{text}");
    }
}

fn octet(value: u8, base: u8) -> String {
    match base % 3 {
        0 => format!("{value}"),
        1 => format!("{value:#x}"),
        _ => format!("0{value:o}"),
    }
}

proptest! {
    /// Any address, any base for each part, any number of parts: the answer is that of the address.
    #[test]
    fn the_spelling_changes_nothing(bits in any::<u32>(), bases in any::<[u8; 4]>(), parts in 1_usize..=4) {
        let address = Ipv4Addr::from_bits(bits);
        let octets = address.octets();
        let lead: Vec<String> = (0..parts - 1).map(|at| octet(octets[at], bases[at])).collect();
        let rest = octets[parts - 1..].iter().fold(0_u64, |sum, octet| sum * 256 + u64::from(*octet));
        let last = match bases[3] % 3 { 0 => format!("{rest}"), 1 => format!("{rest:#x}"), _ => format!("0{rest:o}") };
        let host = lead.into_iter().chain([last]).collect::<Vec<_>>().join(".");
        let allowed = Reach::Public.check(&format!("https://{host}/")).is_ok();
        prop_assert_eq!(allowed, is_public(address.into()), "{} is {}", host, address);
    }

    #[test]
    fn whatever_is_taken_is_public_and_safe_to_dial(text in "https?://[a-z0-9.:@\\[\\]%/-]{1,40}") {
        if let Ok(url) = Reach::Public.check(&text) {
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert!(matches!(url.port_or_known_default(), Some(443 | 8443)));
            let host = url.host_str().unwrap();
            match host.trim_matches(['[', ']']).parse() {
                Ok(address) => prop_assert!(is_public(address)),
                Err(_) => prop_assert!(host.contains('.') && !host.ends_with('.')),
            }
        }
    }
}
