internal import Glibc

/// Tells when a file may be another one than before, as long as the process lives.
package enum FileWatch {
    /// How often the file is looked at where the system does not tell all, as of a link on the way to it, and where it does: of
    /// a network's file it may not know.
    private static let (often, seldom): (Int32, Int32) = (2000, 30_000)

    /// Calls `tell`, on a thread of its own, whenever the file of that path was replaced, written or made, or a link on the way to it
    /// leads to another; false where there is no room for a thread.
    package static func begin(_ path: String, tell: @escaping @Sendable () -> Void) -> Bool {
        // What changes from here on is told.
        let before = try? FileSystem.status(of: path)
        return startThread {
            var (seen, real, name, notices) = (before, "", [UInt8](), Int32(-1))
            while true {
                let now = FileSystem.resolved(path)
                if now != real {
                    real = now
                    let folder = FileSystem.folder(of: real)
                    name = Array(real.utf8.dropFirst(folder.utf8.count + (folder == "/" ? 0 : 1)))
                    close(notices)
                    notices = inotify_init1(Int32(IN_CLOEXEC))
                    if unsafe inotify_add_watch(notices, folder, UInt32(IN_MOVED_TO | IN_CLOSE_WRITE)) < 0 {
                        close(notices)
                        notices = -1
                    }
                }
                // A negative descriptor is one that nothing comes from.
                var waiting = pollfd(fd: notices, events: Int16(POLLIN), revents: 0)
                let isTold = unsafe poll(&waiting, 1, notices < 0 || real != path ? often : seldom) > 0
                if isTold {
                    guard let names = names(from: notices) else {
                        close(notices)
                        notices = -1
                        continue
                    }
                    guard names.contains(where: { $0 == name }) else { continue }
                }
                let status = try? FileSystem.status(of: path)
                if isTold || status != seen { tell() }
                seen = status
            }
        }
    }

    /// The names that something happened to; nil where the system tells no more, or has lost some (inotify(7)).
    private static func names(from notices: Int32) -> [[UInt8]]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let got = unsafe read(notices, &bytes, bytes.count)
        guard got > 0 else { return nil }
        var names: [[UInt8]] = []
        var place = 0
        // Of four numbers of 4 bytes the second says what happened, and the last how long the name is, its NULs included.
        func number(_ index: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[place + 4 * index + $1]) << (8 * $1) }
        }
        while place + 16 <= got {
            guard number(1) & Int(IN_IGNORED | IN_Q_OVERFLOW) == 0 else { return nil }
            let length = number(3)
            names.append(Array(bytes[place + 16..<min(place + 16 + length, got)].prefix { $0 != 0 }))
            place += 16 + length
        }
        return names
    }
}
