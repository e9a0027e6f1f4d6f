//! The names of numbers.

use super::Line;

/// Numbers and their names.
pub type Words = &'static [(u16, &'static str)];

/// The name of a number.
pub fn name(words: Words, number: u16) -> Option<&'static str> {
    words.iter().find(|(it, _)| *it == number).map(|(_, name)| *name)
}

/// Adds the name of a number, or `otherwise` and the number.
pub fn named(line: &mut Line, words: Words, otherwise: &str, number: u16) {
    match name(words, number) {
        Some(name) => line.word(name),
        None => line.number(otherwise, number),
    }
}

/// The name of a number, or the number.
pub fn shown(words: Words, number: u16) -> String {
    name(words, number).map_or_else(|| number.to_string(), str::to_owned)
}

/// Exchanges of version 2.
pub const EXCHANGES: Words = &[
    (34, "IKE_SA_INIT"),
    (35, "IKE_AUTH"),
    (36, "CREATE_CHILD_SA"),
    (37, "INFORMATIONAL"),
    (38, "IKE_SESSION_RESUME"),
    (43, "IKE_INTERMEDIATE"),
    (44, "IKE_FOLLOWUP_KE"),
];

/// Exchanges of version 1.
pub const V1_EXCHANGES: Words = &[
    (1, "Base"),
    (2, "MainMode"),
    (3, "AuthenticationOnly"),
    (4, "AggressiveMode"),
    (5, "Informational"),
    (6, "Transaction"),
    (32, "QuickMode"),
    (33, "NewGroupMode"),
];

/// Payloads of version 2 of which no more is said.
pub const PAYLOADS: Words = &[
    (35, "IDi"),
    (36, "IDr"),
    (37, "Cert"),
    (38, "CertReq"),
    (39, "Auth"),
    (40, "Nonce"),
    (42, "Delete"),
    (43, "VendorID"),
    (44, "TSi"),
    (45, "TSr"),
    (47, "CP"),
    (48, "EAP"),
];

/// Payloads of version 1 of which no more is said.
pub const V1_PAYLOADS: Words = &[
    (4, "KE"),
    (5, "ID"),
    (6, "Cert"),
    (7, "CertReq"),
    (8, "Hash"),
    (9, "Sig"),
    (10, "Nonce"),
    (12, "Delete"),
    (13, "VendorID"),
    (14, "Attributes"),
    (20, "NAT-D"),
    (21, "NAT-OA"),
    (130, "NAT-D"),
    (131, "NAT-OA"),
    (132, "Fragment"),
];

/// Who a proposal is for.
pub const PROTOCOLS: Words = &[(1, "IKE"), (2, "AH"), (3, "ESP"), (4, "IPCOMP")];

/// Encryption, version 2; ESP has the same numbers in version 1, where it has them.
pub const CIPHERS: Words = &[
    (2, "DES"),
    (3, "3DES"),
    (11, "NULL"),
    (12, "AES-CBC"),
    (13, "AES-CTR"),
    (14, "AES-CCM-8"),
    (15, "AES-CCM-12"),
    (16, "AES-CCM-16"),
    (18, "AES-GCM-8"),
    (19, "AES-GCM-12"),
    (20, "AES-GCM-16"),
    (21, "AES-GMAC"),
    (23, "CAMELLIA-CBC"),
    (28, "CHACHA20-POLY1305"),
];

/// Pseudo-random functions.
pub const PRFS: Words = &[
    (1, "PRF-MD5"),
    (2, "PRF-SHA1"),
    (4, "PRF-AES-XCBC"),
    (5, "PRF-SHA2-256"),
    (6, "PRF-SHA2-384"),
    (7, "PRF-SHA2-512"),
    (8, "PRF-AES-CMAC"),
];

/// Integrity, version 2.
pub const DIGESTS: Words = &[
    (0, "NONE"),
    (1, "MD5-96"),
    (2, "SHA1-96"),
    (5, "AES-XCBC-96"),
    (8, "AES-CMAC-96"),
    (12, "SHA2-256-128"),
    (13, "SHA2-384-192"),
    (14, "SHA2-512-256"),
];

/// Encryption of IKE itself, version 1.
pub const V1_CIPHERS: Words =
    &[(1, "DES"), (3, "BLOWFISH"), (5, "3DES"), (6, "CAST"), (7, "AES-CBC"), (8, "CAMELLIA-CBC")];

/// Digests of IKE itself, version 1.
pub const V1_DIGESTS: Words = &[(1, "MD5"), (2, "SHA1"), (4, "SHA2-256"), (5, "SHA2-384"), (6, "SHA2-512")];

/// How the ends prove who they are, version 1.
pub const V1_METHODS: Words = &[(1, "PSK"), (2, "DSS"), (3, "RSA"), (9, "ECDSA-256"), (65_001, "XAuthPSK")];

/// Digests of ESP and AH, version 1.
pub const V1_ESP_DIGESTS: Words =
    &[(1, "MD5-96"), (2, "SHA1-96"), (5, "SHA2-256-128"), (6, "SHA2-384-192"), (7, "SHA2-512-256")];

/// What is notified, version 2.
pub const NOTIFICATIONS: Words = &[
    (1, "UNSUPPORTED_CRITICAL_PAYLOAD"),
    (4, "INVALID_IKE_SPI"),
    (5, "INVALID_MAJOR_VERSION"),
    (7, "INVALID_SYNTAX"),
    (9, "INVALID_MESSAGE_ID"),
    (11, "INVALID_SPI"),
    (14, "NO_PROPOSAL_CHOSEN"),
    (17, "INVALID_KE_PAYLOAD"),
    (24, "AUTHENTICATION_FAILED"),
    (34, "SINGLE_PAIR_REQUIRED"),
    (35, "NO_ADDITIONAL_SAS"),
    (36, "INTERNAL_ADDRESS_FAILURE"),
    (37, "FAILED_CP_REQUIRED"),
    (38, "TS_UNACCEPTABLE"),
    (39, "INVALID_SELECTORS"),
    (43, "TEMPORARY_FAILURE"),
    (44, "CHILD_SA_NOT_FOUND"),
    (16_384, "INITIAL_CONTACT"),
    (16_385, "SET_WINDOW_SIZE"),
    (16_386, "ADDITIONAL_TS_POSSIBLE"),
    (16_387, "IPCOMP_SUPPORTED"),
    (16_388, "NAT_DETECTION_SOURCE_IP"),
    (16_389, "NAT_DETECTION_DESTINATION_IP"),
    (16_390, "COOKIE"),
    (16_391, "USE_TRANSPORT_MODE"),
    (16_392, "HTTP_CERT_LOOKUP_SUPPORTED"),
    (16_393, "REKEY_SA"),
    (16_394, "ESP_TFC_PADDING_NOT_SUPPORTED"),
    (16_395, "NON_FIRST_FRAGMENTS_ALSO"),
    (16_396, "MOBIKE_SUPPORTED"),
    (16_404, "MULTIPLE_AUTH_SUPPORTED"),
    (16_406, "REDIRECT_SUPPORTED"),
    (16_417, "EAP_ONLY_AUTHENTICATION"),
    (16_418, "CHILDLESS_IKEV2_SUPPORTED"),
    (16_430, "IKEV2_FRAGMENTATION_SUPPORTED"),
    (16_431, "SIGNATURE_HASH_ALGORITHMS"),
];

/// What is notified, version 1.
pub const V1_NOTIFICATIONS: Words = &[
    (1, "INVALID_PAYLOAD_TYPE"),
    (4, "INVALID_COOKIE"),
    (9, "INVALID_MESSAGE_ID"),
    (11, "INVALID_SPI"),
    (14, "NO_PROPOSAL_CHOSEN"),
    (16, "PAYLOAD_MALFORMED"),
    (17, "INVALID_KEY_INFORMATION"),
    (18, "INVALID_ID_INFORMATION"),
    (23, "INVALID_HASH_INFORMATION"),
    (24, "AUTHENTICATION_FAILED"),
    (24_576, "RESPONDER_LIFETIME"),
    (24_578, "INITIAL_CONTACT"),
    (36_136, "R_U_THERE"),
    (36_137, "R_U_THERE_ACK"),
];
