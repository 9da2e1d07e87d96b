//! The library, bound by hand: a dozen functions of its C interface.
//!
//! It is loaded when a program starts and is never let go of: its threads live on,
//! and unloading the code below them ends the process.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::slice;

use anyhow::{Context as _, Result, bail};
use libloading::{Library, Symbol};

/// Where the library is, if not where [`crate::FETCH`] puts it.
pub const LIBRARY_VARIABLE: &str = "TIDEGATE_LIBCHDB";

/// The folder below the user's cache in which `analyzer/clickhouse/fetch` puts it.
const CACHED: &str = "tidegate/libchdb-26.7.3/libchdb.so";

type Connection = *mut c_void;
type Answer = *mut c_void;
type Stream = *mut c_void;

/// The functions that are used.
struct Functions {
    close: unsafe extern "C" fn(*mut Connection),
    connect: unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut Connection,
    destroy: unsafe extern "C" fn(Answer),
    error: unsafe extern "C" fn(Answer) -> *const c_char,
    buffer: unsafe extern "C" fn(Answer) -> *const u8,
    length: unsafe extern "C" fn(Answer) -> usize,
    query: unsafe extern "C" fn(Connection, *const u8, usize, *const u8, usize) -> Answer,
    insert: unsafe extern "C" fn(Connection, *const u8, usize, *const u8, usize) -> Stream,
    insert_error: unsafe extern "C" fn(Stream) -> *const c_char,
    append: unsafe extern "C" fn(Stream, *const u8, usize) -> c_int,
    done: unsafe extern "C" fn(Stream) -> Answer,
    destroy_insert: unsafe extern "C" fn(Stream),
}

/// The engine on one folder. A folder has one process, and a process one folder.
pub struct Engine {
    functions: Functions,
    folder: CString,
    /// Held so that the engine stays when no session is open.
    _anchor: *mut Connection,
    _library: ManuallyDrop<Library>,
}

// SAFETY: the library's functions may be called from any thread; only a single
// connection may not be used from two at once, and each session has its own. The
// anchor is never used.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

impl Engine {
    /// Opens the tables of a folder.
    ///
    /// # Errors
    ///
    /// Where the library is missing, or another process has the folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = library()?;
        let failed = || format!("cannot load `{}`", path.display());
        // SAFETY: the file is the one whose hash was checked when it was fetched; its
        // initialisers have no conditions.
        let library = ManuallyDrop::new(unsafe { Library::new(&path) }.with_context(failed)?);
        // SAFETY: the symbol has this type, as below.
        let handle_signals: Symbol<'_, unsafe extern "C" fn(c_int)> =
            unsafe { library.get(b"chdb_set_signal_handlers_enabled\0") }.with_context(failed)?;
        // SAFETY: it takes a flag. Else the engine's handlers would replace this process's.
        unsafe { handle_signals(0) };
        let functions = Functions::of(&library).with_context(failed)?;
        let folder = CString::new(format!("--path={}", folder.display()))?;
        let anchor = functions.connect(&folder)?;
        Ok(Self { functions, folder, _anchor: anchor, _library: library })
    }

    /// A session of its own. What a failed statement leaves behind in a session is
    /// prepended to its next answer, so none is used twice.
    ///
    /// # Errors
    ///
    /// Where the engine opens none.
    pub fn session(&self) -> Result<Session<'_>> {
        Ok(Session { functions: &self.functions, at: self.functions.connect(&self.folder)? })
    }
}

/// One session of the engine.
pub struct Session<'e> {
    functions: &'e Functions,
    at: *mut Connection,
}

impl Session<'_> {
    /// Runs a statement; the answer is in `format` unless it names one.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub fn query(&mut self, sql: &str, format: &str) -> Result<Vec<u8>, String> {
        let f = self.functions;
        // SAFETY: the session is open, both texts live through the call, and the answer
        // is destroyed once, below.
        unsafe {
            let (sql, format) = (sql.as_bytes(), format.as_bytes());
            let at = *self.at;
            f.take((f.query)(at, sql.as_ptr(), sql.len(), format.as_ptr(), format.len()))
        }
    }

    /// Runs an INSERT without its format, with rows in `format`.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub fn insert(&mut self, sql: &str, format: &str, rows: &[u8]) -> Result<(), String> {
        let f = self.functions;
        // SAFETY: as above; the stream is destroyed once, whatever became of it.
        unsafe {
            let (sql, format) = (sql.as_bytes(), format.as_bytes());
            let at = *self.at;
            let stream = (f.insert)(at, sql.as_ptr(), sql.len(), format.as_ptr(), format.len());
            let begun = said((f.insert_error)(stream)).map_or(Ok(()), Err);
            let inserted = begun.and_then(|()| {
                // Where rows cannot be taken, the end says why.
                (f.append)(stream, rows.as_ptr(), rows.len());
                f.take((f.done)(stream)).map(drop)
            });
            (f.destroy_insert)(stream);
            inserted
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // SAFETY: it was opened by `connect` and is closed once.
        unsafe { (self.functions.close)(self.at) }
    }
}

impl Functions {
    fn of(library: &Library) -> Result<Self, libloading::Error> {
        // SAFETY: the symbols have the types that the library's header gives them.
        unsafe {
            Ok(Self {
                close: *library.get(b"chdb_close_conn\0")?,
                connect: *library.get(b"chdb_connect\0")?,
                destroy: *library.get(b"chdb_destroy_query_result\0")?,
                error: *library.get(b"chdb_result_error\0")?,
                buffer: *library.get(b"chdb_result_buffer\0")?,
                length: *library.get(b"chdb_result_length\0")?,
                query: *library.get(b"chdb_query_n\0")?,
                insert: *library.get(b"chdb_stream_insert_n\0")?,
                insert_error: *library.get(b"chdb_stream_insert_error\0")?,
                append: *library.get(b"chdb_stream_append\0")?,
                done: *library.get(b"chdb_stream_done\0")?,
                destroy_insert: *library.get(b"chdb_destroy_insert_stream\0")?,
            })
        }
    }

    fn connect(&self, folder: &CStr) -> Result<*mut Connection> {
        let mut arguments = [c"clickhouse".as_ptr().cast_mut(), folder.as_ptr().cast_mut()];
        // SAFETY: the engine reads so many texts, which live through the call.
        let at = unsafe { (self.connect)(2, arguments.as_mut_ptr()) };
        // SAFETY: where it is not null, it points to a connection.
        if at.is_null() || unsafe { *at }.is_null() {
            let folder = folder.to_string_lossy();
            bail!("the engine does not open `{folder}`: has another process done so?");
        }
        Ok(at)
    }

    /// What an answer holds; it is destroyed.
    ///
    /// # Safety
    ///
    /// The answer comes from this library and is not used again.
    unsafe fn take(&self, answer: Answer) -> Result<Vec<u8>, String> {
        if answer.is_null() {
            return Err("the engine gave no answer".to_owned());
        }
        // SAFETY: the buffer has this length until the answer is destroyed.
        unsafe {
            let taken = match said((self.error)(answer)) {
                Some(error) => Err(error),
                None => match ((self.buffer)(answer), (self.length)(answer)) {
                    (start, length) if start.is_null() || length == 0 => Ok(Vec::new()),
                    (start, length) => Ok(slice::from_raw_parts(start, length).to_vec()),
                },
            };
            (self.destroy)(answer);
            taken
        }
    }
}

/// A text of the library; `None` where it says nothing.
///
/// # Safety
///
/// The pointer is null or to a text that ends in a zero byte.
unsafe fn said(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller says.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// Where the library is.
fn library() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = || {
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
        Some(variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?.join(CACHED))
    };
    match variable(LIBRARY_VARIABLE).map(PathBuf::from).or_else(cache) {
        Some(path) if path.is_file() => Ok(path),
        _ => bail!(
            "no ClickHouse engine on this machine: `{}` fetches it (180 MB), or \
             `{LIBRARY_VARIABLE}` says where it is",
            crate::FETCH
        ),
    }
}
