//! Enumerations that rule files, records and reports name by a word, each word
//! written once.

/// Something that a word stands for.
pub(crate) trait Worded: Copy + 'static {
    /// Every one of them.
    const EVERY: &'static [Self];

    /// Its word.
    fn word(self) -> &'static str;

    /// What `word` stands for.
    fn of(word: &str) -> Option<Self> {
        Self::EVERY.iter().copied().find(|one| one.word() == word)
    }
}

/// Declares an enumeration together with the word of each variant.
macro_rules! worded {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$told:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        pub enum $name { $($(#[$told])* $variant,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in rules, records and reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::words::Worded for $name {
            const EVERY: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.name()
            }
        }
    };
}

pub(crate) use worded;
