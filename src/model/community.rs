//! BGP communities.

use std::fmt;
use std::str::FromStr;

/// A community of a route: one of four bytes (RFC 1997), or a large one of twelve (RFC 8092).
///
/// It is written `high:low`, or `global:local:local` for a large one; one of four bytes also
/// as a plain number, or by its name if it has one (`NO_EXPORT`, in capitals or not, with `_` or
/// `-` between words). The form with colons is the one that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Community {
    /// Four bytes.
    Standard(u32),
    /// Twelve bytes: the AS that defines it, and two numbers of its own.
    Large(u32, u32, u32),
}

/// Why a text is not a community.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommunityError {
    /// Two parts, of which one is too large for two bytes.
    #[error(
        "both parts of a community high:low are whole numbers from 0 to 65535; with a larger AS number use a large community, as:function:parameter"
    )]
    Part,
    /// Three parts, of which one is no number of four bytes.
    #[error("the three parts of a large community are whole numbers from 0 to 4294967295")]
    LargePart,
    /// None of the forms.
    #[error(
        "a community is high:low, as:function:parameter, a whole number from 0 to 4294967295, or one of {}",
        names()
    )]
    Form,
}

/// Communities that have a name (IANA, "BGP Well-known Communities"), with its source.
const NAMED: [(u32, &str); 9] = [
    // RFC 8326
    (0xffff_0000, "GRACEFUL_SHUTDOWN"),
    // RFC 7611
    (0xffff_0001, "ACCEPT_OWN"),
    // RFC 9494
    (0xffff_0006, "LLGR_STALE"),
    (0xffff_0007, "NO_LLGR"),
    // RFC 7999
    (0xffff_029a, "BLACKHOLE"),
    // RFC 1997
    (0xffff_ff01, "NO_EXPORT"),
    (0xffff_ff02, "NO_ADVERTISE"),
    // As NSX names it.
    (0xffff_ff03, "NO_EXPORT_SUBCONFED"),
    // RFC 3765
    (0xffff_ff04, "NOPEER"),
];

fn names() -> String {
    NAMED.map(|(_, name)| name).join(", ")
}

impl Community {
    /// The numbers between its colons.
    pub fn parts(self) -> Vec<u32> {
        match self {
            Self::Standard(number) => vec![number >> 16, number & 0xffff],
            Self::Large(global, first, second) => vec![global, first, second],
        }
    }

    /// The number that it is on the wire; none of a large one.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Standard(number) => Some(number),
            Self::Large(..) => None,
        }
    }

    /// Its name, if it is one that every router knows.
    pub fn name(self) -> Option<&'static str> {
        let number = self.number()?;
        NAMED.iter().find(|(named, _)| *named == number).map(|(_, name)| *name)
    }
}

impl FromStr for Community {
    type Err = CommunityError;

    fn from_str(text: &str) -> Result<Self, CommunityError> {
        let word = text.replace('-', "_").to_ascii_uppercase();
        if let Some((number, _)) = NAMED.iter().find(|(_, name)| *name == word) {
            return Ok(Self::Standard(*number));
        }
        let parts: Vec<&str> = text.split(':').collect();
        if !parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(CommunityError::Form);
        }
        let large = |part: &str| part.parse::<u32>().map_err(|_| CommunityError::LargePart);
        let small = |part: &str| part.parse::<u16>().map(u32::from).map_err(|_| CommunityError::Part);
        match parts[..] {
            [number] => number.parse().map(Self::Standard).map_err(|_| CommunityError::Form),
            [high, low] => Ok(Self::Standard(small(high)? << 16 | small(low)?)),
            [global, first, second] => Ok(Self::Large(large(global)?, large(first)?, large(second)?)),
            _ => Err(CommunityError::Form),
        }
    }
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.parts().iter().map(u32::to_string).collect();
        f.write_str(&parts.join(":"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_one_community() {
        for (text, spelling, number, name) in [
            ("65000:100", "65000:100", Some(4_259_840_100), None),
            ("4259840100", "65000:100", Some(4_259_840_100), None),
            ("065000:0100", "65000:100", Some(4_259_840_100), None),
            ("no-export", "65535:65281", Some(4_294_967_041), Some("NO_EXPORT")),
            ("NO_ADVERTISE", "65535:65282", Some(4_294_967_042), Some("NO_ADVERTISE")),
            ("65535:666", "65535:666", Some(4_294_902_426), Some("BLACKHOLE")),
            ("4200000000:1:2", "4200000000:1:2", None, None),
        ] {
            let community: Community = text.parse().unwrap();
            assert_eq!(
                (community.to_string().as_str(), community.number(), community.name()),
                (spelling, number, name)
            );
            assert_eq!(spelling.parse(), Ok(community));
        }
    }

    #[test]
    fn what_is_not_a_community_says_why() {
        for (text, why) in [
            ("65536:1", CommunityError::Part),
            ("1:65536", CommunityError::Part),
            ("4294967296:1:1", CommunityError::LargePart),
            ("", CommunityError::Form),
            (":", CommunityError::Form),
            ("1:", CommunityError::Form),
            ("-1:2", CommunityError::Form),
            ("1:2:3:4", CommunityError::Form),
            ("4294967296", CommunityError::Form),
            ("no-exports", CommunityError::Form),
            ("65000:100 ", CommunityError::Form),
        ] {
            assert_eq!(text.parse::<Community>(), Err(why), "{text:?}");
        }
    }
}
