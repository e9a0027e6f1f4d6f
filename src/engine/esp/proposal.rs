//! What protects the packets of a tunnel.

use crate::model::{Digest, EspEncryption};

/// A cipher and what checks integrity: one algorithm for both, or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proposal {
    /// One algorithm does both (AEAD).
    Combined(AeadCipher),
    /// A cipher, and a digest over what it has encrypted.
    Separate(PlainCipher, Digest),
}

/// Algorithms that check integrity themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AeadCipher {
    /// AES in Galois/counter mode (RFC 4106).
    Gcm(KeyLength),
    /// The same without encryption (RFC 4543).
    Gmac(KeyLength),
}

/// Algorithms that need a digest beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlainCipher {
    /// AES-CBC with a key of 128 bits (RFC 3602).
    Aes128,
    /// AES-CBC with a key of 256 bits.
    Aes256,
    /// No encryption (RFC 2410).
    Null,
}

/// The length of an AES key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyLength {
    /// 128 bits.
    Bits128,
    /// 192 bits.
    Bits192,
    /// 256 bits.
    Bits256,
}

/// Why a cipher and a digest do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The cipher checks integrity itself.
    #[error("{} takes no digest, not {}", cipher.word(), digest.word())]
    TakesNone {
        /// The cipher.
        cipher: EspEncryption,
        /// The digest that is too many.
        digest: Digest,
    },
    /// Without a digest nothing checks integrity.
    #[error("{} needs a digest", .0.word())]
    NeedsOne(EspEncryption),
}

/// What a word of the model stands for.
enum Cipher {
    Combined(AeadCipher),
    Plain(PlainCipher),
}

impl From<EspEncryption> for Cipher {
    fn from(word: EspEncryption) -> Self {
        use KeyLength::{Bits128, Bits192, Bits256};
        match word {
            EspEncryption::Aes128 => Self::Plain(PlainCipher::Aes128),
            EspEncryption::Aes256 => Self::Plain(PlainCipher::Aes256),
            EspEncryption::AesGcm128 => Self::Combined(AeadCipher::Gcm(Bits128)),
            EspEncryption::AesGcm192 => Self::Combined(AeadCipher::Gcm(Bits192)),
            EspEncryption::AesGcm256 => Self::Combined(AeadCipher::Gcm(Bits256)),
            EspEncryption::Gmac128 => Self::Combined(AeadCipher::Gmac(Bits128)),
            EspEncryption::Gmac192 => Self::Combined(AeadCipher::Gmac(Bits192)),
            EspEncryption::Gmac256 => Self::Combined(AeadCipher::Gmac(Bits256)),
            EspEncryption::Null => Self::Plain(PlainCipher::Null),
        }
    }
}

impl Proposal {
    /// The proposal of a cipher and a digest; there is none of a pair that does not
    /// go together.
    pub fn of(cipher: EspEncryption, digest: Option<Digest>) -> Result<Self, Impossible> {
        match (Cipher::from(cipher), digest) {
            (Cipher::Combined(aead), None) => Ok(Self::Combined(aead)),
            (Cipher::Plain(plain), Some(digest)) => Ok(Self::Separate(plain, digest)),
            (Cipher::Combined(_), Some(digest)) => Err(Impossible::TakesNone { cipher, digest }),
            (Cipher::Plain(_), None) => Err(Impossible::NeedsOne(cipher)),
        }
    }

    /// The proposals of a tunnel profile: each cipher, with each digest if it needs
    /// one, in their order.
    pub fn all_of(ciphers: &[EspEncryption], digests: &[Digest]) -> Vec<Self> {
        let of_cipher = |cipher: &EspEncryption| match Cipher::from(*cipher) {
            Cipher::Combined(aead) => vec![Self::Combined(aead)],
            Cipher::Plain(plain) => digests.iter().map(|digest| Self::Separate(plain, *digest)).collect(),
        };
        ciphers.iter().flat_map(of_cipher).collect()
    }

    /// The cipher, in the model's words.
    pub const fn cipher(self) -> EspEncryption {
        use KeyLength::{Bits128, Bits192, Bits256};
        match self {
            Self::Separate(PlainCipher::Aes128, _) => EspEncryption::Aes128,
            Self::Separate(PlainCipher::Aes256, _) => EspEncryption::Aes256,
            Self::Separate(PlainCipher::Null, _) => EspEncryption::Null,
            Self::Combined(AeadCipher::Gcm(Bits128)) => EspEncryption::AesGcm128,
            Self::Combined(AeadCipher::Gcm(Bits192)) => EspEncryption::AesGcm192,
            Self::Combined(AeadCipher::Gcm(Bits256)) => EspEncryption::AesGcm256,
            Self::Combined(AeadCipher::Gmac(Bits128)) => EspEncryption::Gmac128,
            Self::Combined(AeadCipher::Gmac(Bits192)) => EspEncryption::Gmac192,
            Self::Combined(AeadCipher::Gmac(Bits256)) => EspEncryption::Gmac256,
        }
    }

    /// The digest, if there is one.
    pub const fn digest(self) -> Option<Digest> {
        match self {
            Self::Combined(_) => None,
            Self::Separate(_, digest) => Some(digest),
        }
    }

    /// The bytes of the initialization vector in each packet.
    pub const fn iv(self) -> usize {
        match self {
            Self::Combined(AeadCipher::Gcm(_) | AeadCipher::Gmac(_)) => 8,
            Self::Separate(PlainCipher::Aes128 | PlainCipher::Aes256, _) => 16,
            Self::Separate(PlainCipher::Null, _) => 0,
        }
    }

    /// The bytes of a block: payload, padding and trailer fill whole ones. ESP's own
    /// fields end on a multiple of 4, whatever the cipher (RFC 4303 section 2.4).
    pub const fn block(self) -> usize {
        match self {
            Self::Separate(PlainCipher::Aes128 | PlainCipher::Aes256, _) => 16,
            Self::Separate(PlainCipher::Null, _) | Self::Combined(_) => 4,
        }
    }

    /// The bytes of the integrity check value at the end of each packet.
    pub const fn icv(self) -> usize {
        match self {
            Self::Combined(_) | Self::Separate(_, Digest::Sha2_256) => 16,
            Self::Separate(_, Digest::Sha1) => 12,
            Self::Separate(_, Digest::Sha2_384) => 24,
            Self::Separate(_, Digest::Sha2_512) => 32,
        }
    }
}
