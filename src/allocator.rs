//! mimalloc for the extension: librdkafka makes each record in one thread and frees it in another, and glibc's malloc, which
//! takes a lock for that, is most of what moving a log costs: 300,000 logs a second became 430,000 on two cores.
//!
//! The linker gives the names `__wrap_…` to what our part of the process calls malloc and the like, see `build.rs`; Python, its
//! other modules and OpenSSL keep theirs. Memory that one of those has made, or libc for us (`strdup`), may still be given to
//! our `free`: it asks whose it is.
#![expect(unsafe_code, reason = "300,000 against 430,000 logs a second from topic to topic")]

use std::ffi::c_void;

use libmimalloc_sys::{mi_calloc, mi_free, mi_is_in_heap_region, mi_malloc, mi_realloc};

unsafe extern "C" {
    fn __libc_free(memory: *mut c_void);
    fn __libc_realloc(memory: *mut c_void, size: usize) -> *mut c_void;
}

/// # Safety
/// That of C's malloc.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __wrap_malloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    unsafe { mi_malloc(size) }
}

/// # Safety
/// That of C's calloc.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __wrap_calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for; mimalloc checks that the product fits.
    unsafe { mi_calloc(count, size) }
}

/// # Safety
/// That of C's realloc.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __wrap_realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: null and what is mimalloc's go to mimalloc, and the rest to libc, whose it is by the caller's promise.
    unsafe {
        if memory.is_null() || mi_is_in_heap_region(memory) {
            mi_realloc(memory, size)
        } else {
            __libc_realloc(memory, size)
        }
    }
}

/// # Safety
/// That of C's free.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __wrap_free(memory: *mut c_void) {
    // SAFETY: as for realloc; both take null.
    unsafe {
        if mi_is_in_heap_region(memory) {
            mi_free(memory);
        } else {
            __libc_free(memory);
        }
    }
}
