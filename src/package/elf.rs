//! Whether a binary starts on Lambda's Amazon Linux 2023: its machine, its interpreter, the newest
//! GLIBC and the libraries that it asks for. Read before anything is uploaded, because Lambda only
//! says `Runtime.InvalidEntrypoint` once a function is invoked.

use object::Endianness;
use object::elf::{DT_NEEDED, EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, VER_FLG_WEAK};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

use crate::stack::Architecture;

/// The GLIBC of Amazon Linux 2023.
pub const GLIBC: Glibc = Glibc(2, 34);

/// The libraries that Lambda's `provided.al2023` image has and a Rust binary may ask for.
const LIBRARIES: [&str; 9] = [
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "libgcc_s.so.1",
    "libutil.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// A version of GLIBC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc(pub u32, pub u32);

impl std::fmt::Display for Glibc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A binary that Lambda can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elf {
    /// The newest GLIBC that it asks for; none if it is linked statically.
    pub glibc: Option<Glibc>,
}

/// Lambda could not start the binary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// It is no 64-bit ELF, or a damaged one.
    #[error("the binary is no Linux program of 64 bits: {0}")]
    NotElf(String),
    /// It is an object file or a core dump.
    #[error("the binary is an ELF, but not a program that can be started")]
    NotProgram,
    /// It is for another processor.
    #[error("the binary is for {found}, and the functions run on {wanted}")]
    Machine {
        /// What it is for.
        found: String,
        /// What the stage has.
        wanted: Architecture,
    },
    /// Its interpreter is not there on Lambda.
    #[error("the binary wants the interpreter {found}, and Lambda has {wanted}")]
    Interpreter {
        /// What it wants.
        found: String,
        /// What there is.
        wanted: &'static str,
    },
    /// It asks for a newer GLIBC.
    #[error("the binary asks for GLIBC {found}, and Lambda's Amazon Linux 2023 has {GLIBC}")]
    Glibc {
        /// The newest that it asks for.
        found: Glibc,
    },
    /// It asks for a library that is not there on Lambda.
    #[error("the binary asks for the library {name}, which Lambda's image does not have")]
    Library {
        /// The library.
        name: String,
    },
}

impl From<object::read::Error> for ElfError {
    fn from(error: object::read::Error) -> Self {
        Self::NotElf(error.to_string())
    }
}

/// Checks a binary for Lambda functions of an architecture.
///
/// # Errors
/// Why Lambda could not start it.
pub fn check(binary: &[u8], architecture: Architecture) -> Result<Elf, ElfError> {
    let header = FileHeader64::<Endianness>::parse(binary)?;
    let endian = header.endian()?;
    if ![ET_EXEC, ET_DYN].contains(&header.e_type(endian)) {
        return Err(ElfError::NotProgram);
    }
    let (machine, interpreter) = match architecture {
        Architecture::X86_64 => (EM_X86_64, "/lib64/ld-linux-x86-64.so.2"),
        Architecture::Arm64 => (EM_AARCH64, "/lib/ld-linux-aarch64.so.1"),
    };
    let found = header.e_machine(endian);
    if found != machine {
        let found = match found {
            EM_X86_64 => Architecture::X86_64.to_string(),
            EM_AARCH64 => Architecture::Arm64.to_string(),
            other => format!("a processor of ELF's number {}", other.0),
        };
        return Err(ElfError::Machine { found, wanted: architecture });
    }
    check_interpreter(header, endian, binary, interpreter)?;
    check_libraries(header, endian, binary)?;
    match newest_glibc(header, endian, binary)? {
        Some(found) if found > GLIBC => Err(ElfError::Glibc { found }),
        glibc => Ok(Elf { glibc }),
    }
}

type Header = FileHeader64<Endianness>;

/// A program without an interpreter is linked statically, which starts anywhere.
fn check_interpreter(
    header: &Header,
    endian: Endianness,
    binary: &[u8],
    wanted: &'static str,
) -> Result<(), ElfError> {
    for segment in header.program_headers(endian, binary)? {
        match segment.interpreter(endian, binary)? {
            Some(found) if found != wanted.as_bytes() => {
                let found = String::from_utf8_lossy(found).into_owned();
                return Err(ElfError::Interpreter { found, wanted });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_libraries(header: &Header, endian: Endianness, binary: &[u8]) -> Result<(), ElfError> {
    let sections = header.sections(endian, binary)?;
    let Some((entries, link)) = sections.dynamic(endian, binary)? else { return Ok(()) };
    let strings = sections.strings(endian, binary, link)?;
    for entry in entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED) {
        let name = String::from_utf8_lossy(entry.string(endian, strings)?).into_owned();
        if !LIBRARIES.contains(&name.as_str()) {
            return Err(ElfError::Library { name });
        }
    }
    Ok(())
}

/// The newest version of GLIBC's symbols that the loader insists on; it starts a program without
/// those that are marked weak.
fn newest_glibc(
    header: &Header,
    endian: Endianness,
    binary: &[u8],
) -> Result<Option<Glibc>, ElfError> {
    let sections = header.sections(endian, binary)?;
    let Some((needs, link)) = sections.gnu_verneed(endian, binary)? else { return Ok(None) };
    let strings = sections.strings(endian, binary, link)?;
    let mut newest = None;
    for need in needs {
        let (_, versions) = need?;
        for version in versions {
            let version = version?;
            if version.vna_flags.get(endian) == VER_FLG_WEAK {
                continue;
            }
            newest = newest.max(glibc(version.name(endian, strings)?));
        }
    }
    Ok(newest)
}

/// `GLIBC_2.34` and `GLIBC_2.2.5`; other names (`GCC_3.0`) are no GLIBC's.
fn glibc(name: &[u8]) -> Option<Glibc> {
    let mut numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?.split('.');
    Some(Glibc(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
