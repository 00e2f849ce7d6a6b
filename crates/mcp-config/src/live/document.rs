//! The file as a text that a person edits.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{ChangeError, Live};
use crate::{Diagnostic, EditError, Severity, diff::unified, mask, parse};

/// The file as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its text, with secrets masked.
    pub text: String,
    /// Stands for exactly this text; 16 letters and digits.
    pub etag: String,
    /// What is wrong with it, if the proxy goes on with an earlier one.
    pub problem: Option<Arc<str>>,
}

/// What would come of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What is wrong and what is odd, in the order of the lines; without an error in it the text can be applied.
    pub diagnostics: Vec<Diagnostic>,
    /// What would differ from the file as it is, as `diff -u` tells it, with secrets masked.
    pub diff: String,
}

impl Live {
    /// The file as it is on disk; empty if there is none.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn document(&self) -> Result<Document, ChangeError> {
        let text = self.read().await?;
        Ok(Document { text: mask::masked_text(&text), etag: etag(&text), problem: self.problem() })
    }

    /// Stands for the text that the proxy goes by.
    #[must_use]
    pub fn etag(&self) -> String {
        etag(&self.current().text)
    }

    /// What would come of `text` as the whole file, in which what is masked stays as it is. Nothing is changed.
    ///
    /// # Errors
    ///
    /// Fails if the file as it is cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn check(&self, text: &str) -> Result<Checked, ChangeError> {
        let old = self.read().await?;
        let unmasked = mask::unmasked_text(text, &old);
        let diff = difference(&old, unmasked.as_deref().unwrap_or(text));
        // Places are those in the text as it was sent, so this is what is looked at first.
        let mut diagnostics = parse(&self.path, text, &|name| self.variables.get(name)).diagnostics;
        if diagnostics.iter().all(|it| it.severity == Severity::Warning) {
            let planned = unmasked.map_err(ChangeError::from).and_then(|text| self.plan(&text, self.tools()));
            match planned {
                Ok(_) => {}
                Err(ChangeError::Wrong(more)) => diagnostics.extend(more),
                Err(error) => diagnostics.push(self.whole(&error)),
            }
        }
        Ok(Checked { diagnostics, diff })
    }

    /// An error that stands at no place of its own.
    fn whole(&self, error: &ChangeError) -> Diagnostic {
        let path = match error {
            ChangeError::Edit(EditError::Masked(path)) => path.clone(),
            _ => String::new(),
        };
        let (file, message) = (self.path.clone(), error.to_string());
        Diagnostic { severity: Severity::Error, file, line: 1, column: 1, path, message }
    }
}

/// Stands for a text.
pub(crate) fn etag(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest[..8].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What differs between two texts of the file, without secrets.
pub(super) fn difference(old: &str, new: &str) -> String {
    unified(&mask::masked_text(old), &mask::masked_beside(new, old))
}
