//! How the fields of a record are written and read, where serde alone would copy
//! more or lose something.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

/// A text that is borrowed wherever the JSON has it as it is, without escapes.
/// Serde would copy a `Cow` that lies in an `Option` or a `Vec`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

pub(super) fn maybe<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(d)?.map(|text| text.0))
}

pub(super) fn each<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Cow<'de, str>>, D::Error> {
    Ok(Vec::<Text<'de>>::deserialize(d)?.into_iter().map(|text| text.0).collect())
}

/// Hashes travel as 16 hex digits: JSON numbers lose precision above 2^53.
pub(super) mod hex {
    use serde::{Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(in crate::record) fn serialize<S: Serializer>(
        value: &Option<u64>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(hash) => s.collect_str(&format_args!("{hash:016x}")),
            None => s.serialize_none(),
        }
    }

    pub(in crate::record) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<u64>, D::Error> {
        let Some(text) = super::maybe(d)? else { return Ok(None) };
        u64::from_str_radix(&text, 16).map(Some).map_err(|_| D::Error::custom("not 16 hex digits"))
    }
}
