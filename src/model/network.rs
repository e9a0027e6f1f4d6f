//! Addresses and networks, in one spelling.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An IPv4 or IPv6 network. Host bits are cleared; [`Network::meant`] tells
/// whether there were any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpNet);

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No `/length` after the address.
    #[error("has no prefix length")]
    NoLength,
    /// What stands before the `/` is not an address.
    #[error("has no valid address before the /")]
    Address,
    /// The length is not a number from 0 to 32 or 128.
    #[error("has a prefix length that is not between 0 and {max}")]
    Length {
        /// The longest prefix of the address family.
        max: u8,
    },
}

impl Network {
    /// The network of all addresses of the family of `address`.
    pub fn everything(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(_) => IpNet::V4(Ipv4Net::default()),
            IpAddr::V6(_) => IpNet::V6(Ipv6Net::default()),
        })
    }

    /// The network of `address` with a prefix of `length` bits; `None` when the
    /// length does not fit the family.
    pub fn around(address: IpAddr, length: u8) -> Option<Self> {
        IpNet::new(address, length).ok().map(|net| Self(net.trunc()))
    }

    /// The length of the prefix in bits.
    pub fn length(self) -> u8 {
        self.0.prefix_len()
    }

    /// The longest prefix of the family: 32 or 128.
    pub fn longest(self) -> u8 {
        self.0.max_prefix_len()
    }

    /// Whether it is an IPv6 network.
    pub fn is_v6(self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }

    /// Whether `address` lies in it.
    pub fn holds(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether `other` lies wholly in it.
    pub fn covers(self, other: Network) -> bool {
        self.0.contains(&other.0)
    }

    /// The first address.
    pub fn first(self) -> IpAddr {
        self.0.network()
    }

    /// The last address.
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// The two addresses that the ends of a point-to-point link have in it, the lower one first:
    /// both of a /31 or /127 (RFC 3021, RFC 6164), and of a /30 or /126 those between the first
    /// and the last. None in any other network.
    pub fn ends(self) -> Option<[IpAddr; 2]> {
        let first = match (self.first(), self.longest() - self.length()) {
            (first, 1) => first,
            (IpAddr::V4(first), 2) => IpAddr::V4((first.to_bits() | 1).into()),
            (IpAddr::V6(first), 2) => IpAddr::V6((first.to_bits() | 1).into()),
            _ => return None,
        };
        Some([first, self.other_end(first)?])
    }

    /// The other end of a point-to-point link whose one end is `own`, in a network that has
    /// [`Network::ends`].
    pub fn other_end(self, own: IpAddr) -> Option<IpAddr> {
        let bits = match self.longest() - self.length() {
            1 => 1,
            2 => 3,
            _ => return None,
        };
        Some(match own {
            IpAddr::V4(own) => IpAddr::V4((own.to_bits() ^ bits).into()),
            IpAddr::V6(own) => IpAddr::V6((own.to_bits() ^ u128::from(bits)).into()),
        })
    }

    /// Parses a network and tells whether host bits had to be cleared.
    pub fn meant(text: &str) -> Result<(Self, bool), NetworkError> {
        let (net, host_bits) = interface(text)?;
        Ok((Self(net.trunc()), host_bits))
    }
}

/// What `address` is instead of the address of an interface, which another device
/// could reach; `None` when it may be one.
pub fn no_interface_has(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        address if address.is_unspecified() => Some("the unspecified address"),
        address if address.is_loopback() => Some("a loopback address"),
        address if address.is_multicast() => Some("a multicast address"),
        IpAddr::V4(address) if address.is_broadcast() => Some("the broadcast address"),
        _ => None,
    }
}

/// Parses `address/length`, keeping host bits, and tells whether there are any.
fn interface(text: &str) -> Result<(IpNet, bool), NetworkError> {
    let (address, length) = text.split_once('/').ok_or(NetworkError::NoLength)?;
    let address = IpAddr::from_str(address).map_err(|_| NetworkError::Address)?;
    let max = if address.is_ipv4() { 32 } else { 128 };
    let digits = !length.is_empty() && length.len() <= 3 && length.bytes().all(|byte| byte.is_ascii_digit());
    let net = digits
        .then(|| length.parse().ok().and_then(|length| IpNet::new(address, length).ok()))
        .flatten()
        .ok_or(NetworkError::Length { max })?;
    Ok((net, net.trunc() != net))
}

/// Parses the address of an interface with its prefix length; host bits stay.
pub fn interface_address(text: &str) -> Result<(IpAddr, Network), NetworkError> {
    interface(text).map(|(net, _)| (net.addr(), Network(net.trunc())))
}

/// The network of one address.
impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.into())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        Self::meant(text).map(|(network, _)| network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_network_are_one_network() {
        for (text, meant) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("192.168.100.3/27", "192.168.100.0/27"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0::/32", "2001:db8::/32"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), meant, "{text}");
        }
    }

    #[test]
    fn some_addresses_belong_to_no_interface() {
        for (text, what) in [
            ("0.0.0.0", Some("the unspecified address")),
            ("::", Some("the unspecified address")),
            ("127.0.0.1", Some("a loopback address")),
            ("::1", Some("a loopback address")),
            ("::ffff:127.0.0.1", Some("a loopback address")),
            ("224.0.0.5", Some("a multicast address")),
            ("ff02::1", Some("a multicast address")),
            ("255.255.255.255", Some("the broadcast address")),
            ("0.0.0.1", None),
            ("169.254.0.1", None),
            ("240.0.0.1", None),
            ("fe80::1", None),
        ] {
            assert_eq!(no_interface_has(text.parse().unwrap()), what, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_network_says_why() {
        for (text, why) in [
            ("10.0.0.0", NetworkError::NoLength),
            ("10.0.0/8", NetworkError::Address),
            ("10.0.0.256/8", NetworkError::Address),
            ("010.0.0.0/8", NetworkError::Address),
            ("10.0.0.0/33", NetworkError::Length { max: 32 }),
            ("10.0.0.0/+8", NetworkError::Length { max: 32 }),
            ("10.0.0.0/", NetworkError::Length { max: 32 }),
            ("2001:db8::/129", NetworkError::Length { max: 128 }),
            ("fe80::1%eth0/64", NetworkError::Address),
            ("", NetworkError::NoLength),
        ] {
            assert_eq!(Network::meant(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn a_point_to_point_network_has_two_ends() {
        for (network, ends) in [
            ("169.254.31.0/30", Some(["169.254.31.1", "169.254.31.2"])),
            ("169.254.31.4/31", Some(["169.254.31.4", "169.254.31.5"])),
            ("255.255.255.252/30", Some(["255.255.255.253", "255.255.255.254"])),
            ("2001:db8::/126", Some(["2001:db8::1", "2001:db8::2"])),
            ("2001:db8::8/127", Some(["2001:db8::8", "2001:db8::9"])),
            ("169.254.31.0/29", None),
            ("169.254.31.1/32", None),
            ("0.0.0.0/0", None),
            ("2001:db8::/64", None),
        ] {
            let ends = ends.map(|ends| ends.map(|end| end.parse::<IpAddr>().unwrap()));
            let network: Network = network.parse().unwrap();
            assert_eq!(network.ends(), ends, "{network}");
            if let Some([one, other]) = ends {
                assert_eq!((network.other_end(one), network.other_end(other)), (Some(other), Some(one)), "{network}");
            }
        }
    }

    #[test]
    fn everything_covers_every_network_of_its_family() {
        let v4: Network = "10.0.0.0/8".parse().unwrap();
        assert!(Network::everything(v4.first()).covers(v4));
        assert_eq!(Network::everything("::1".parse().unwrap()).to_string(), "::/0");
    }
}
