//! Looks what is in the file.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

use tokio::task::spawn_blocking;

use super::Change;

/// A configuration is not larger than this many bytes.
const LARGEST: u64 = 4 << 20;

pub(super) async fn read(path: &Path) -> Change {
    let path = path.to_owned();
    let bytes = match spawn_blocking(move || bytes(&path)).await {
        Ok(bytes) => bytes,
        Err(error) => return Change::Unreadable(error.to_string()),
    };
    match bytes.map(String::from_utf8) {
        Ok(Ok(text)) => Change::Text(text),
        Ok(Err(_)) => Change::Unreadable("it is not UTF-8".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Change::Missing,
        Err(error) => Change::Unreadable(error.to_string()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // To open a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 4 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_used_says_why() {
        let directory = TempDir::new().unwrap();
        let unreadable = |reason: &str| Change::Unreadable(reason.to_owned());
        assert_eq!(read(directory.path()).await, unreadable("it is not a regular file"));

        let path = directory.path().join("a");
        assert_eq!(read(&path).await, Change::Missing);
        fs::write(&path, b"\xff").unwrap();
        assert_eq!(read(&path).await, unreadable("it is not UTF-8"));

        let largest = usize::try_from(LARGEST).unwrap();
        fs::write(&path, "a".repeat(largest)).unwrap();
        assert_eq!(read(&path).await, Change::Text("a".repeat(largest)));
        fs::write(&path, "ä".repeat(largest)).unwrap();
        assert_eq!(read(&path).await, unreadable("it is larger than 4 MiB"));
    }
}
