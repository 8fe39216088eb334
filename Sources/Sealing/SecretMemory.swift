internal import CLinux
internal import COpenSSL
internal import Glibc
internal import Synchronization

/// Where secret bytes stand: a key in pages of its own, which are kept out of swap where the system allows it; what is large
/// in pages of its own, too, so that room that is not used costs nothing and is gone when it is given back; else on the heap.
@safe struct SecretMemory {
    let base: UnsafeMutablePointer<UInt8>
    /// The size of the pages in bytes; 0 on the heap.
    private let pages: Int

    /// Whether a key's pages could not be locked: `RLIMIT_MEMLOCK` is too low, and the process has no `CAP_IPC_LOCK`.
    static let isUnlocked = Atomic(false)

    init(_ count: Int, isKey: Bool) {
        guard isKey || count >= 65536 else {
            unsafe base = .allocate(capacity: max(count, 1))
            pages = 0
            return
        }
        pages = max(count, 1)
        let made = unsafe mmap(nil, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let made = unsafe made, unsafe made != MAP_FAILED else { fatalError("no memory") }
        if isKey, unsafe mlock(made, pages) != 0 { Self.isUnlocked.store(true, ordering: .relaxed) }
        unsafe base = made.bindMemory(to: UInt8.self, capacity: pages)
    }

    /// Wipes the first `count` bytes, which are all that were written, and gives the memory back.
    func release(_ count: Int) {
        unsafe OPENSSL_cleanse(base, count)
        guard pages > 0 else { return unsafe base.deallocate() }
        unsafe munmap(base, pages)
        // With a key goes what was computed with it and stands on the stack or in vector registers, which the dynamic linker
        // saves on the stack, with the last plaintext in them, when it binds a symbol.
        clinux_wipe_traces()
    }
}

/// Wipes what copies of secret bytes have left on this thread's stack, below the caller, and in its vector registers: for a
/// task that is about to leave the thread, which may not be the one that lets go of the key.
package func wipeTraces() { clinux_wipe_traces() }

extension SecretBuffer {
    /// Whether a key stands or stood in memory that can reach swap: the limit on locked memory is too low.
    package static var hasUnlockedKeys: Bool { SecretMemory.isUnlocked.load(ordering: .relaxed) }
}

/// The cryptographic library's own memory.
package enum LibraryMemory {
    /// Has OpenSSL wipe all that it frees, such as the records of a TLS connection, and not only what it takes for secret; for
    /// the whole process, libcurl's use of it with it. To be called before anything else of it is.
    package static func wipeWhatIsFreed() {
        _ = unsafe CRYPTO_set_mem_functions(
            { size, _, _ in unsafe malloc(size) }, { memory, size, _, _ in unsafe clinux_realloc(memory, size) },
            { memory, _, _ in unsafe clinux_free(memory) })
    }
}
