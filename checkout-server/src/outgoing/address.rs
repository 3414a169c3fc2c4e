//! Which addresses are on the open internet (S5). Pure: what is not known to be public is not.
//!
//! Sources: the special-purpose registries of IANA (RFC 6890 and its successors), and what clouds put
//! at addresses of their own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are nobody's public server: first address, length of the prefix, what they are.
const SPECIAL_V4: [(Ipv4Addr, u32, &str); 20] = [
    (Ipv4Addr::UNSPECIFIED, 8, "this network: Linux connects 0.0.0.0 to itself"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carriers' NAT, and a cloud's metadata (100.100.100.200)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's agent for its machines, at a public-looking address"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, and clouds' metadata (169.254.169.254)"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments, and a cloud's metadata (192.0.0.192)"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "AMT"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
    (Ipv4Addr::BROADCAST, 32, "broadcast"),
];

/// Blocks inside `2000::/3`, the only public part of IPv6, that are not public all the same.
const SPECIAL_V6: [(Ipv6Addr, u32, &str); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments: Teredo, benchmarking, ORCHID"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4: leads to any IPv4 address"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "AS112"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// The part of IPv6 that is given out for public use. Everything that wraps an IPv4 address
/// (`::ffff:0:0/96`, `::/96`, NAT64's `64:ff9b::/96` and `64:ff9b:1::/48`) is outside of it, and so
/// are `fc00::/7`, `fe80::/10`, `fec0::/10` and `ff00::/8`.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether that is an address on the open internet, which anybody may be sent to.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(block, length, _)| in_v4(address, *block, *length)),
        IpAddr::V6(address) => {
            let (global, length) = GLOBAL_V6;
            in_v6(address, global, length)
                && !SPECIAL_V6.iter().any(|(block, length, _)| in_v6(address, *block, *length))
                && !is_isatap(address)
        }
    }
}

/// Whether that is in a network of one's own: RFC 1918, the shared block of RFC 6598 (mesh networks use
/// it), `fc00::/7`, or this machine. Never what a cloud answers for metadata, which no development needs.
#[must_use]
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let shared = in_v4(address, Ipv4Addr::new(100, 64, 0, 0), 10) && address != CLOUD_IN_SHARED;
            address.is_private() || address.is_loopback() || shared
        }
        IpAddr::V6(address) => address.is_loopback() || (address.is_unique_local() && !is_cloud_v6(address)),
    }
}

/// Where one cloud answers for metadata, inside the shared block.
const CLOUD_IN_SHARED: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// `fd00:ec2::/32`: a cloud's metadata and name servers.
fn is_cloud_v6(address: Ipv6Addr) -> bool {
    in_v6(address, Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32)
}

/// An IPv4 address in disguise, below any prefix (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    high & !0x0200 == 0 && low == 0x5efe
}

fn in_v4(address: Ipv4Addr, block: Ipv4Addr, length: u32) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= length
}

fn in_v6(address: Ipv6Addr, block: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_special_is_not_public_from_its_first_to_its_last_address() {
        for (block, length, what) in SPECIAL_V4 {
            let last = Ipv4Addr::from_bits(block.to_bits() | u32::MAX.checked_shr(length).unwrap_or(0));
            for address in [block, last] {
                assert!(!is_public(address.into()), "{address}: {what}");
            }
        }
        for (block, length, what) in SPECIAL_V6 {
            let last = Ipv6Addr::from_bits(block.to_bits() | u128::MAX.checked_shr(length).unwrap_or(0));
            for address in [block, last] {
                assert!(!is_public(address.into()), "{address}: {what}");
            }
        }
    }

    #[test]
    fn the_known_traps_are_not_public_and_their_neighbours_are() {
        for text in [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::808:808",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2606:4700::5efe:a00:1",
            "2606:4700::200:5efe:a00:1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.15",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn development_may_reach_its_own_networks_and_never_a_clouds_metadata() {
        for text in ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd12::1"] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        for text in ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "100.100.100.200", "8.8.8.8"] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_ipv4_address_is_public_in_disguise(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let low = u128::from(bits);
            let six_to_four = Ipv6Addr::from_bits((0x2002_u128 << 112) | (low << 80));
            for v6 in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::from_bits(low),
                Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | low),
                Ipv6Addr::from_bits((0x0064_ff9b_0001_u128 << 80) | low),
                Ipv6Addr::from_bits((0x2001_0000_u128 << 96) | low),
                six_to_four,
            ] {
                prop_assert!(!is_public(v6.into()), "{v6}");
            }
        }

        #[test]
        fn what_the_standard_library_calls_special_is_never_public(bits in any::<u32>(), wide in any::<u128>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(special && is_public(v4.into())), "{v4}");
            let v6 = Ipv6Addr::from_bits(wide);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unicast_link_local()
                || v6.is_unique_local() || v6.is_unspecified();
            prop_assert!(!(special && is_public(v6.into())), "{v6}");
            prop_assert!(!(is_private(v4.into()) && is_public(v4.into())), "{v4}");
        }
    }
}
