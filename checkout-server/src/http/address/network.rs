//! A range of addresses, as settings name proxies.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// What was written is no range, and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError(&'static str);

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// Whether an address is one of these. A v4 address that is written as v6 is the v4 one.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let ignored = 32 - u32::from(self.bits);
                (u64::from(network.to_bits()) >> ignored) == (u64::from(address.to_bits()) >> ignored)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let ignored = 128 - u32::from(self.bits);
                let prefix = |bits: u128| bits.checked_shr(ignored).unwrap_or(0);
                prefix(network.to_bits()) == prefix(address.to_bits())
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let shape =
            NetworkError("write an address such as \"10.0.0.5\", or a range such as \"10.0.0.0/8\" or \"fd00::/8\"");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| shape)?;
        if address != address.to_canonical() {
            return Err(NetworkError(
                "write an IPv4 address in its own form, such as \"10.0.0.5\", not inside an IPv6 one",
            ));
        }
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => whole,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().map_err(|_| shape)?,
            Some(_) => return Err(shape),
        };
        let network = Self { address, bits };
        if bits > whole {
            return Err(NetworkError("the number after the slash is at most 32 for IPv4, 128 for IPv6"));
        }
        if bits == 0 {
            return Err(NetworkError("name your proxies: a range of everything would believe what any client writes"));
        }
        if !network.starts_at(address) {
            return Err(NetworkError(
                "the address has bits beyond the range: write the first address of it, such as \"10.0.0.0/8\"",
            ));
        }
        Ok(network)
    }
}

impl Network {
    /// Whether an address is the first of the range.
    fn starts_at(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => v4.to_bits().trailing_zeros() >= 32 - u32::from(self.bits),
            IpAddr::V6(v6) => v6.to_bits().trailing_zeros() >= 128 - u32::from(self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn ranges_hold_what_begins_alike() {
        for (network, address, held) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "10.0.0.4", false),
            ("128.0.0.0/1", "200.0.0.1", true),
            ("128.0.0.0/1", "100.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true),
            ("::1", "::2", false),
            ("::1", "127.0.0.1", false),
            ("10.0.0.0/8", "::a00:1", false),
        ] {
            assert_eq!(holds(network, address), held, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_range_says_what_to_write() {
        for (text, told) in [
            ("", "write an address"),
            ("10.0.0.0/", "write an address"),
            ("10.0.0.0/+8", "write an address"),
            ("proxy.example.com", "write an address"),
            ("10.0.0.0/33", "at most 32"),
            ("fd00::/129", "at most 32 for IPv4, 128"),
            ("10.0.0.1/8", "beyond the range"),
            ("fd00::1/8", "beyond the range"),
            ("0.0.0.0/0", "name your proxies"),
            ("::/0", "name your proxies"),
            ("::ffff:10.0.0.1", "own form"),
        ] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
